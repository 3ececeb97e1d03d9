import { execFileSync } from "node:child_process";
import { chmodSync } from "node:fs";
import { mkdir, mkdtemp, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { NanoAgentError } from "@nanoagent/models";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { InvalidModelFileError, readGguf, readModel, UnreadableModelFileError } from "../../../src/index.js";
import { buildTinyGguf, writeSparseGguf } from "../../../src/testing/index.js";
import { arrayEntry, rawGguf, rawTensor, uint32Entry } from "./raw-gguf.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "nanoagent-gguf-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function fileOf(name: string, contents: string | Uint8Array): Promise<string> {
  const file = path.join(folder, name);
  await writeFile(file, contents);
  return file;
}

const failureOf = (file: string) =>
  readGguf(file).then(
    () => expect.fail("the file was accepted"),
    (error: unknown) => error,
  );

describe("files that are not a model", () => {
  it.each([
    ["empty.gguf", "", "the file is empty", "Download it again."],
    ["short.gguf", "GG", "the file is not in the GGUF format: it begins with 47 47 instead of", "GGUF format"],
    ["magic.gguf", "GGUF", "version extends beyond the end of the file, which has 4 bytes", "download it again"],
  ])("%s", async (name, contents, problem, hint) => {
    const file = await fileOf(name, contents);
    const error = (await failureOf(file)) as InvalidModelFileError;
    expect(error).toBeInstanceOf(InvalidModelFileError);
    expect(error.message).toContain(`${file} cannot be used as a model: ${problem}`);
    expect(error.hint).toContain(hint);
  });

  it("an interrupted download", async () => {
    const whole = buildTinyGguf();
    const file = await fileOf("cut.gguf", whole);
    await truncate(file, whole.length - 1);
    const error = (await failureOf(file)) as InvalidModelFileError;
    expect(error.message).toMatch(
      /tensor blk\.1\.ffn_down\.weight ends at byte \d+, but the file has only \d+ bytes\.$/,
    );
    expect(error.hint).toMatch(/^The download is incomplete/);
  });

  it("a folder, and a pipe", async () => {
    await mkdir(path.join(folder, "models"));
    expect(await failureOf(path.join(folder, "models"))).toMatchObject({
      code: "invalid-model-file",
      field: "the file",
      message: expect.stringContaining("the file is a folder without a .gguf file."),
      hint: "Use a model file.",
    });
    if (process.platform === "win32") return;
    execFileSync("mkfifo", [path.join(folder, "pipe.gguf")]);
    await symlink(path.join(folder, "pipe.gguf"), path.join(folder, "link.gguf"));
    for (const name of ["pipe.gguf", "link.gguf", "../../../../../../../dev/zero"]) {
      expect(await failureOf(path.join(folder, name))).toMatchObject({
        code: "invalid-model-file",
        message: expect.stringContaining("the file is not a regular file."),
      });
    }
  });

  it("a missing file, and one without read permission", async () => {
    for (const missing of ["missing.gguf", "missing/model.gguf"]) {
      const file = path.join(folder, missing);
      const error = await failureOf(file);
      expect(error).toBeInstanceOf(UnreadableModelFileError);
      expect(error).toMatchObject({ code: "model-not-found", path: file, errno: "ENOENT" });
    }
    const below = path.join(await fileOf("plain", "text"), "model.gguf");
    expect(await failureOf(below)).toMatchObject({ code: "model-not-found", errno: "ENOTDIR" });
    const odd = await failureOf("a\0b");
    expect(odd).toMatchObject({ code: "model-unreadable", errno: "ERR_INVALID_ARG_VALUE" });
    expect(NanoAgentError.isInstance(odd)).toBe(true);
    // The superuser can read everything.
    if (process.platform === "win32" || process.getuid?.() === 0) return;
    const secret = await fileOf("secret.gguf", "GGUF");
    chmodSync(secret, 0);
    expect(await failureOf(secret)).toMatchObject({ code: "model-unreadable", errno: "EACCES" });
  });
});

describe("readModel", () => {
  it("returns the fields that all formats share", async () => {
    const file = await fileOf("tiny.gguf", buildTinyGguf({ weightType: "q8_0", tiedEmbeddings: false }));
    expect(await readModel(file)).toEqual({
      format: "gguf",
      architecture: "llama",
      name: "Tiny test model",
      file_bytes: expect.any(Number),
      parameter_count: 2 * 64 * 512 + 64 + 2 * (64 * 64 * 2 + 64 * 32 * 2 + 3 * 64 * 128 + 2 * 64),
      layer_count: 2,
      embedding_length: 64,
      feed_forward_length: 128,
      head_count: 4,
      kv_head_count: 2,
      vocabulary_size: 512,
      training_context_tokens: 512,
      tensors_by_type: {
        q8_0: { count: 16, bytes: expect.any(Number) },
        f32: { count: 5, bytes: 5 * 64 * 4 },
      },
    });
  });

  it("returns null for facts that the header does not state", async () => {
    const file = await fileOf("bare.gguf", rawGguf({ entries: [uint32Entry("llama.block_count", 2)] }));
    const summary = await readModel(file);
    const { format, file_bytes, tensors_by_type, ...rest } = summary;
    expect({ format, file_bytes, tensors_by_type }).toEqual({ format: "gguf", file_bytes: 57, tensors_by_type: {} });
    expect(new Set(Object.values(rest))).toEqual(new Set([null]));
  });

  it("treats zeros as missing, and returns the largest of figures that differ by layer", async () => {
    const entries = [
      arrayEntry("null.attention.head_count", 4, 2n, Buffer.from([8, 0, 0, 0]), Buffer.from([4, 0, 0, 0])),
      uint32Entry("null.block_count", 0),
      arrayEntry("null.feed_forward_length", 4, 0n),
    ];
    // Without an architecture, keys have this prefix.
    const summary = await readModel(await fileOf("odd.gguf", rawGguf({ entries })));
    expect(summary).toMatchObject({ head_count: 8, kv_head_count: 8, layer_count: null, feed_forward_length: null });
  });
});

/** Ten times the documented 50 ms: reading tokens one by one would take longer on any machine. */
const SLOWEST_MACHINE_MILLISECONDS = 500;

describe("limits", () => {
  it("a vocabulary of 262,144 tokens is skipped within 16 MB, and 30 ms on an idle machine", async () => {
    const file = path.join(folder, "large.gguf");
    await writeSparseGguf(file, { vocabularySize: 262_144, weightType: "f16" });
    const script = `
      import { readGguf } from ${JSON.stringify(await bundled())};
      const before = process.memoryUsage();
      let most = 0;
      const watch = setInterval(() => { most = Math.max(most, process.memoryUsage().rss); }, 1);
      const started = process.cpuUsage();
      const header = await readGguf(${JSON.stringify(file)});
      const { user, system } = process.cpuUsage(started);
      clearInterval(watch);
      most = Math.max(most, process.memoryUsage().rss);
      console.log(JSON.stringify({ tokens: header.tokenizer.token_count, ms: (user + system) / 1000, mb: (most - before.rss) / 2 ** 20 }));`;
    const run = () =>
      JSON.parse(execFileSync(process.execPath, ["--input-type=module", "--eval", script], { encoding: "utf8" }));
    // CPU time, and the best of three runs, to exclude the effect of other processes.
    const runs = [run(), run(), run()] as { tokens: number; ms: number; mb: number }[];
    expect(runs[0]?.tokens).toBe(262_144);
    expect(Math.min(...runs.map(({ ms }) => ms))).toBeLessThan(SLOWEST_MACHINE_MILLISECONDS);
    expect(Math.min(...runs.map(({ mb }) => mb))).toBeLessThan(16);
  });

  it.each([
    ["3,000 keys", rawGguf({ entries: Array.from({ length: 3000 }, (_, index) => uint32Entry(`k${index}`, 1)) })],
    [
      "1,300 tensors",
      rawGguf({
        tensors: Array.from({ length: 1300 }, (_, index) => rawTensor({ name: `t${index}`, shape: [0n] })),
      }),
    ],
    ["7,900 empty texts", rawGguf({ entries: [arrayEntry("a", 8, 7900n, new Uint8Array(8 * 7900))] })],
    [
      "arrays of 512",
      rawGguf({ entries: Array.from({ length: 100 }, (_, i) => arrayEntry(`a${i}`, 0, 512n, new Uint8Array(512))) }),
    ],
    ["a key of 60,000 bytes", rawGguf({ entries: [uint32Entry("k".repeat(60_000), 1)] })],
  ])("a file of 64 KB with %s needs half a second and 16 MB at most", async (name, bytes) => {
    expect(bytes.length).toBeLessThanOrEqual(65_536);
    const file = await fileOf(`${name.replace(/\W/g, "-")}.gguf`, bytes);
    const before = process.memoryUsage();
    const started = process.cpuUsage();
    await readGguf(file);
    const { user, system } = process.cpuUsage(started);
    expect((user + system) / 1000).toBeLessThan(500);
    const after = process.memoryUsage();
    expect(after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers).toBeLessThan(16 * 2 ** 20);
  });
});

/** Bundles the reader into one JavaScript file, for a separate process. */
async function bundled(): Promise<string> {
  const { build } = await import("esbuild");
  const outfile = path.join(folder, "read-gguf.mjs");
  const source = path.join(import.meta.dirname, "../../../src/formats/gguf/read-gguf.ts");
  await build({
    entryPoints: [source],
    bundle: true,
    platform: "node",
    format: "esm",
    conditions: ["@nanoagent/source"],
    outfile,
    logLevel: "silent",
  });
  return outfile;
}
