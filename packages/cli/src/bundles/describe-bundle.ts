import type { BundleHead, BundleModel } from "@nanoagent/fleet/bundles";
import { plainLine } from "../output/plain-text.js";

/** Facts of a bundle as the program prints them with `--json`. */
export interface BundleFacts {
  readonly name: string;
  readonly version: string;
  readonly sequence: number;
  readonly created: string;
  readonly requires: string | null;
  readonly models: readonly BundleModel[];
  readonly manifest_sha256: string;
  readonly files: number;
  readonly bytes: number;
  /** Texts that the signatures name their keys by; null where one has no such text. */
  readonly signatures: readonly (string | null)[];
}

export function factsOf({ manifest, manifestSha256, signatures, totalBytes }: BundleHead): BundleFacts {
  const { name, version, sequence, created, requires, models = [], files } = manifest;
  return {
    name,
    version,
    sequence,
    created,
    requires: requires?.nanoagent ?? null,
    models,
    manifest_sha256: manifestSha256,
    files: files.length,
    bytes: totalBytes,
    signatures: signatures.map(({ key }) => key ?? null),
  };
}

/** Describes a bundle in one line, and each of its models in another. */
export function describeBundle(head: BundleHead): string {
  const { name, version, sequence, files, bytes, models } = factsOf(head);
  const count = files === 1 ? "1 file" : `${files} files`;
  const lines = [`${plainLine(name)} ${plainLine(version)}, sequence ${sequence}: ${count}, ${sizeOf(bytes)}`];
  for (const model of models) lines.push(`  model ${plainLine(model.name)}, ${sizeOf(model.size)}`);
  return `${lines.join("\n")}\n`;
}

function sizeOf(bytes: number): string {
  if (bytes < 1000) return `${bytes} bytes`;
  return bytes < 1_000_000 ? `${(bytes / 1000).toFixed(1)} KB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}
