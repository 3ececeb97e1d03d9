import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readGguf, readModel, readModelHeader } from "../../src/index.js";
import { buildTinyGguf } from "../../src/testing/index.js";
import { writeSafetensors } from "./safetensors/write-safetensors.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "nanoagent-headers-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it("returns the summary and the complete header of a GGUF file from one read", async () => {
  const file = path.join(folder, "tiny.gguf");
  await writeFile(file, buildTinyGguf());
  expect(await readModelHeader(file)).toEqual({ summary: await readModel(file), gguf: await readGguf(file) });
});

it("returns only the summary of a file in another format", async () => {
  const file = path.join(folder, "model.safetensors");
  await writeFile(file, writeSafetensors({ w: { dtype: "F32", shape: [2, 2], data_offsets: [0, 16] } }, 16));
  expect(await readModelHeader(file)).toEqual({ summary: await readModel(file), gguf: null });
});
