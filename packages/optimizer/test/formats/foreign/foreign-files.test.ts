import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { InvalidModelFileError, readGguf, readModelHeader } from "../../../src/index.js";
import { buildTinyGguf } from "../../../src/testing/index.js";
import { rawGguf, rawTensor, uint32Entry } from "../gguf/raw-gguf.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "nanoagent-foreign-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function fileOf(name: string, contents: string | Uint8Array): Promise<string> {
  const file = path.join(folder, name);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, contents);
  return file;
}

const failureOf = async (file: string, read: (file: string) => Promise<unknown> = readGguf) => {
  const error: unknown = await read(file).then(
    () => expect.fail(`${file} was accepted`),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof InvalidModelFileError)) throw error;
  return error;
};

const model = buildTinyGguf();
const half = model.subarray(0, model.length >> 1);
const latin = (text: string) => Buffer.from(text, "latin1");

/** Texts that servers and tools save instead of a model. */
const texts: [string, RegExp][] = [
  ["Invalid username or password.", /text.*"Invalid username or password\."/],
  ["Entry not found", /text.*"Entry not found"/],
  ["Access to model x is restricted.\nYou must be authenticated", /text.*"Access to model x is restricted\. You/],
  ["<!DOCTYPE html><html><head><title>404 Not Found</title>", /web page \(HTML\) titled "404 Not Found"/],
  ["\n  <html lang=en>", /web page/],
  ["\ufeff<!doctype html>", /web page/],
  ['<?xml version="1.0"?><Error><Message>Access Denied</Message></Error>', /XML.*"Access Denied"/],
  ["<Error><Code>NoSuchKey</Code></Error>", /XML/],
  ['<?xml version="1.0"?><net name="m" version="11">', /OpenVINO/],
  ['{"error":"Repository not found"}', /answer of a server.*"Repository not found"/],
  ['{"detail": "Not authenticated"}', /answer of a server.*Not authenticated/],
  ["version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 98362432\n", /LFS pointer to a file of 98362432/],
  ["# xet version 0\nfilesize = 9\n", /Xet pointer/],
  ["/annex/objects/SHA256E-s9--00.gguf\n", /git-annex pointer/],
  ["outs:\n- md5: 0\n  path: m.gguf\n", /DVC pointer/],
  ["../../blobs/6e6001da2106d4757498752a021df6c2", /text of a link/],
  ["https://huggingface.co/a/b/resolve/main/m.gguf\n", /only an address/],
  ["[InternetShortcut]\nURL=https://example.com", /shortcut/],
  ["FROM ./m.gguf\nTEMPLATE x\n", /Modelfile/],
  ["---\nlicense: mit\n---\n# A model", /model card/],
  ["#!/bin/sh\necho", /script/],
  ['{"version":"1.0","truncation":null,"added_tokens":[]}', /tokenizer/],
  ['{"metadata":{"total_size":1},"weight_map":{}}', /index of a model in safetensors/],
  ['{"model_type": "llama"}', /configuration of a model/],
  ['{"peft_type": "LORA"}', /LoRA/],
  ['{"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v2+json"}', /Ollama manifest/],
  ['{"a": 1}', /JSON/],
  ["   \n", /blanks/],
];

/** Files of other formats, identified by their first bytes. */
const binaries: [string, Uint8Array, RegExp][] = [
  ["m.safetensors", latin('\x08\0\0\0\0\0\0\0{"a":{}}'), /safetensors file/],
  ["m.gguf", latin('\xff\0\0\0\0\0\0\0{"model.layers.0.q_proj.qweight":{'), /AWQ or GPTQ/],
  ["m.gguf", latin('\xff\0\0\0\0\0\0\0{"__metadata__":{"format":"mlx"},'), /MLX/],
  ["m.gguf", latin('\xff\0\0\0\0\0\0\0{"base.q_proj.lora_A.weight":{'), /LoRA adapter/],
  ["m.onnx", latin("\x08\x08\x12\x07pytorch"), /ONNX/],
  ["m.mlmodel", latin("\x08\x04\x12\x02{}"), /Core ML/],
  ["m.pth", latin("PK\x03\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x10\0\0\0archive/data.pkl"), /PyTorch/],
  ["m.gguf", latin("PK\x03\x04data"), /ZIP archive/],
  ["m.bin", latin("\x80\x02\x8a\x0al\xfc"), /PyTorch/],
  ["m.tflite", latin("\x1c\0\0\0TFL3"), /TensorFlow Lite/],
  ["m.bin", latin("lmgg\x01\0\0\0"), /GGML/],
  ["ggml-base.en.bin", latin("lmgg\x01\0\0\0"), /whisper/],
  ["m.bin", latin("tjgg\x03\0\0\0"), /before GGUF/],
  ["lora.bin", latin("algg\x01\0\0\0"), /LoRA/],
  ["m.dat", latin("\x05\0\0\0\x11\0\0\0blk.0.attn_q.weig"), /importance matrix/],
  ["tokenizer.model", latin("\x0a\x0e\x0a\x05<unk>\x15"), /SentencePiece/],
  ["m.torrent", latin("d8:announce20:udp://x"), /torrent/],
  ["m.gguf", latin("%PDF-1.7"), /PDF/],
  ["m.gguf", latin("\x7fELF\x02\x01\x01"), /program/],
  ["m.llamafile", latin("MZqFpD='\n"), /llamafile/],
  ["m.gguf", latin("\x89PNG\r\n\x1a\n"), /picture/],
  ["m.h5", latin("\x89HDF\r\n\x1a\n"), /HDF5/],
  ["m.gguf", gzipSync("x"), /gzip/],
  ["m.gguf", brotliCompressSync(model.subarray(0, 99)), /not in the GGUF format|JSON|text/],
  ["m.gguf", new Uint8Array(8192), /only zeros/],
  ["m.gguf", new Uint8Array(512).fill(0xff), /empty disk/],
];

describe("a file that is not a model is identified", () => {
  it.each(texts)("%j", async (contents, words) => {
    for (const encoded of [
      Buffer.from(contents),
      Buffer.from(`\ufeff${contents}`),
      Buffer.from(`\ufeff${contents}`, "utf16le"),
    ]) {
      const error = await failureOf(await fileOf("m.gguf", encoded));
      expect(error.message).toMatch(words);
      expect(error.hint).not.toBe("");
      expect(error.message).not.toMatch(/ 55 46|magic/);
    }
  });

  it.each(binaries)("%s %#", async (name, contents, words) => {
    expect((await failureOf(await fileOf(name, contents))).message).toMatch(words);
  });

  it("with a quote of any text", async () => {
    const words = fc.stringMatching(/^[A-Z][a-z]{1,9}( [a-z]{1,9}){0,6}[.!?]$/);
    await fc.assert(
      fc.asyncProperty(words, async (text) => {
        const error = await failureOf(await fileOf("answer.gguf", text));
        expect(error).toMatchObject({ fault: "not-a-model" });
        expect(error.message).toContain(JSON.stringify(text));
      }),
      { numRuns: 50 },
    );
  });

  it("if it is a folder, with the model in it", async () => {
    const inFolder = async (names: Record<string, string>) => {
      const at = path.join(folder, `folder-${Object.keys(names).join("-")}`);
      for (const [name, contents] of Object.entries(names)) await fileOf(path.join(path.basename(at), name), contents);
      return failureOf(at);
    };
    expect((await inFolder({ "a b.gguf": "", "mmproj-a.gguf": "" })).hint).toMatch(
      /^Use the model file in it: .*a b\.gguf'?\.$/,
    );
    const quantized = JSON.stringify({ quantization_config: { quant_method: "awq" } });
    expect((await inFolder({ "m.safetensors": "", "config.json": quantized })).message).toContain("quantized for AWQ");
    expect((await inFolder({ "m.safetensors": "" })).message).toContain("not in the GGUF format");
  });
});

describe("an incomplete file", () => {
  const names = [".part-aa", ".part-ab", ".partab", "-split-a", ".part1of2", ".part2of2", ".001", ".01", ".aa", ".xaa"];
  it.each(names)("is a part of a file split by bytes: m.gguf%s", async (ending) => {
    for (const contents of [half, model.subarray(model.length >> 1), latin("PK\x03\x04"), latin("\x80\x02 ")]) {
      const error = await failureOf(await fileOf(`cut/m.gguf${ending}`, contents), readModelHeader);
      expect(error.message).toContain("is one part of a file that was split by bytes");
      expect(error.hint).toMatch(/join/i);
    }
  });

  it.skipIf(process.platform === "win32")("becomes the model by following the hint for parts", async () => {
    const letters = ["aa", "ab", "ac"].map((part) => `.part-${part}`);
    const numbers = Array.from({ length: 12 }, (_, index) => `.part${index + 1}of12`);
    for (const [index, endings] of [letters, numbers, [".001", ".002"], ["-split-a", "-split-b"]].entries()) {
      const size = Math.ceil(model.length / endings.length);
      const name = `join ${index}/m x.gguf`;
      for (const [part, ending] of endings.entries()) {
        await fileOf(`${name}${ending}`, model.subarray(part * size, (part + 1) * size));
      }
      const { hint } = await failureOf(path.join(folder, `${name}${endings[0]}`));
      const command = /: (cat .*)$/.exec(hint ?? "")?.[1] ?? expect.fail(`no command in: ${hint}`);
      execFileSync("/bin/sh", ["-c", command]);
      expect((await readGguf(path.join(folder, name))).tensors.length).toBeGreaterThan(0);
    }
  });

  it.skipIf(process.platform === "win32")("becomes the model by following the hint for a packed file", async () => {
    for (const name of ["packed.gguf", "other.gguf.gz", "it's.gguf"]) {
      const { hint } = await failureOf(await fileOf(name, gzipSync(model)));
      const command = /: (gzip .*)$/.exec(hint ?? "")?.[1] ?? expect.fail(`no command in: ${hint}`);
      execFileSync("/bin/sh", ["-c", command]);
      const made =
        / > (.*)$/.exec(command)?.[1]?.replaceAll("'\\''", "\0").replaceAll("'", "").replaceAll("\0", "'") ?? "";
      expect((await readGguf(made)).architecture).toBe("llama");
    }
  });

  it.each([".part", ".crdownload", ".incomplete", ".aria2", ".!qB", ".download", "-partial"])(
    "is a running download: m.gguf%s",
    async (ending) => {
      for (const contents of [half, new Uint8Array(9999)]) {
        const error = await failureOf(await fileOf(`m.gguf${ending}`, contents));
        expect(error.message).toContain("is an incomplete download");
      }
    },
  );

  it("of full length has a progress file beside it", async () => {
    const file = await fileOf("whole.gguf", model);
    await fileOf("whole.gguf.aria2", "\0\x01");
    expect((await failureOf(file)).message).toContain("whole.gguf.aria2 is beside it");
    await rm(`${file}.aria2`);
    expect((await readGguf(file)).architecture).toBe("llama");
  });

  it("of any length is reported as cut off", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 4, max: model.length - 1 }), async (length) => {
        const error = await failureOf(await fileOf("cut.gguf", model.subarray(0, length)));
        expect(error).toMatchObject({ fault: "cut-off", hint: expect.stringContaining("download it again") });
      }),
      { numRuns: 60 },
    );
  });
});

describe("concatenated GGUF files", () => {
  const part = (number: number, count: number) =>
    rawGguf({
      entries: [uint32Entry("split.no", number), uint32Entry("split.count", count)],
      tensors: [rawTensor({ name: `t${number}`, shape: [BigInt(8 + number)] })],
      dataBytes: 4 * (8 + number),
    });

  it("are refused in any number and order", async () => {
    const orders = fc.integer({ min: 2, max: 6 }).chain((count) =>
      fc.tuple(
        fc.constant(count),
        fc.shuffledSubarray(
          Array.from({ length: count }, (_, index) => index),
          { minLength: 2 },
        ),
        fc.boolean(),
      ),
    );
    await fc.assert(
      fc.asyncProperty(orders, async ([count, order, isPadded]) => {
        const bytes = order.flatMap((number) => {
          const one = part(number, count);
          return isPadded ? [one, Buffer.alloc(-one.length & 31)] : [one];
        });
        const error = await failureOf(await fileOf("joined.gguf", Buffer.concat(bytes)));
        expect(error.message).toContain("contains several GGUF files, one after another");
        expect(error.hint).not.toMatch(/rename/i);
      }),
      { numRuns: 40 },
    );
    const two = await failureOf(await fileOf("two.gguf", Buffer.concat([model, model])));
    expect(two.message).toContain("several GGUF files");
  });

  it("a renamed part gets a hint with all part names, which gives the complete model", async () => {
    const { hint } = await failureOf(await fileOf("alone.gguf", part(1, 3)));
    expect(hint).toContain("NAME-00001-of-00003.gguf to NAME-00003-of-00003.gguf");
    expect(hint).toContain("this one is NAME-00002-of-00003.gguf");
    for (const number of [0, 1, 2]) await fileOf(`parts/NAME-0000${number + 1}-of-00003.gguf`, part(number, 3));
    expect((await readGguf(path.join(folder, "parts/NAME-00001-of-00003.gguf"))).tensors).toHaveLength(3);
  });
});
