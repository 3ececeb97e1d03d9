import { createHash } from "node:crypto";
import { buildSplitGguf, buildTinyGguf } from "@nanoagent/optimizer/testing";

export const TINY = "org/tiny-GGUF";

const build = (weightType: string) => Buffer.from(buildTinyGguf({ weightType }));

/** One model in three quantizations, one of them in two files, with a file that is not a model. */
export const tinyFiles: Readonly<Record<string, Buffer>> = {
  LICENSE: Buffer.from("Apache License, Version 2.0\n"),
  "README.md": Buffer.from("# A tiny model\n"),
  "mmproj-tiny-F16.gguf": build("f16"),
  "tiny-Q4_0.gguf": build("q4_0"),
  "tiny-Q8_0.gguf": build("q8_0"),
  ...Object.fromEntries(
    buildSplitGguf(2, { weightType: "f16" }).map((part, index) => [
      `F16/tiny-F16-0000${index + 1}-of-00002.gguf`,
      Buffer.from(part),
    ]),
  ),
};

let large: Buffer | undefined;

/** A model of about 27 MB, for downloads that are interrupted. */
export function largeModel(): Buffer {
  large ??= Buffer.from(
    buildTinyGguf({ embeddingLength: 512, layerCount: 4, feedForwardLength: 1792, weightType: "f16", headCount: 8 }),
  );
  return large;
}

export function fileOf(name: string): Buffer {
  const file = tinyFiles[name];
  if (file === undefined) throw new Error(`No file ${name}`);
  return file;
}

export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
