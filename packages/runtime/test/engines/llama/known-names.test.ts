import { writeFile } from "node:fs/promises";
import path from "node:path";
import { buildTinyGguf, LOADABLE_ARCHITECTURES, PRE_TOKENIZERS, TOKENIZERS } from "@nanoagent/optimizer/testing";
import { describe, expect, test } from "vitest";
import { type LlamaAddon, loadLlamaAddon } from "../../../src/engines/llama/llama-addon.js";
import { LoadedModel } from "../../../src/engines/llama/loaded-model.js";
import { NativeMessages } from "../../../src/engines/llama/native-messages.js";
import { temporaryFolder } from "../../temporary-folder.js";
import { hasAddon } from "./tiny-model.js";

function number(value: number, bytes: number): Buffer {
  const buffer = Buffer.alloc(bytes);
  buffer.writeUIntLE(value, 0, Math.min(bytes, 6));
  return buffer;
}
const textOf = (text: string) => Buffer.concat([number(Buffer.byteLength(text), 8), Buffer.from(text)]);

/** The tiny model with other texts in its metadata, padded so that its data stay in place. */
function changed(texts: Record<string, string>): Buffer {
  let bytes = Buffer.from(buildTinyGguf());
  const before = bytes.length;
  for (const [key, value] of Object.entries(texts)) {
    const at = bytes.indexOf(textOf(key)) + textOf(key).length + 4;
    const end = at + 8 + Number(bytes.readBigUInt64LE(at));
    bytes = Buffer.concat([bytes.subarray(0, at), textOf(value), bytes.subarray(end)]);
  }
  const key = Buffer.concat([textOf("general.description"), number(8, 4)]);
  const missing = (-(bytes.length - before + key.length + 8) & 31) + 32;
  const entries = number(Number(bytes.readBigUInt64LE(16)) + 1, 8);
  return Buffer.concat([bytes.subarray(0, 16), entries, key, textOf("x".repeat(missing)), bytes.subarray(24)]);
}

describe.skipIf(!hasAddon)("the header check knows the same names as llama.cpp", () => {
  const wordsFor = async (texts: Record<string, string>): Promise<string> => {
    const file = path.join(await temporaryFolder(), "model.gguf");
    await writeFile(file, changed(texts));
    const messages = new NativeMessages();
    const addon: LlamaAddon = await loadLlamaAddon((_, message) => messages.add(message));
    const options = { gpuLayers: 0, useMmap: true, useMlock: false, checkTensors: false, vocabOnly: false };
    const model = new addon.AddonModel(file, { addonExports: addon, hasLoadAbortSignal: false, ...options });
    if (await model.init()) await model.dispose();
    return messages.reasons();
  };

  test("architectures", { timeout: 120_000 }, async () => {
    for (const name of LOADABLE_ARCHITECTURES) {
      expect(await wordsFor({ "general.architecture": name }), name).not.toContain("unknown model architecture");
    }
    expect(await wordsFor({ "general.architecture": "llama5" })).toContain("unknown model architecture: 'llama5'");
  });

  test("tokenizers", { timeout: 120_000 }, async () => {
    for (const name of PRE_TOKENIZERS) {
      expect(await wordsFor({ "tokenizer.ggml.pre": name }), name).not.toContain("unknown pre-tokenizer");
    }
    // Tokenizers of other kinds need other entries, and fail with another message.
    for (const name of TOKENIZERS) {
      if (name === "t5" || name === "rwkv" || name === "plamo2") continue;
      expect(await wordsFor({ "tokenizer.ggml.model": name }), name).not.toContain("unknown tokenizer");
    }
  });

  test("errors contain the library's own message, even if more messages follow", async () => {
    for (const [texts, words] of [
      [{ "tokenizer.ggml.pre": "llama-9" }, "unknown pre-tokenizer type: 'llama-9'"],
      [{ "tokenizer.ggml.model": "abacus" }, "unknown tokenizer: 'abacus'"],
      [{ "general.architecture": "llama5" }, "unknown model architecture: 'llama5'"],
      [{ "general.architecture": "qwen2" }, "key not found in model: qwen2.context_length"],
    ] as const) {
      const modelPath = path.join(await temporaryFolder(), "model.gguf");
      await writeFile(modelPath, changed(texts));
      const opening = LoadedModel.open({ modelPath, contextTokens: 256, batchTokens: 16, threads: 1, mapsFile: true });
      await expect(opening).rejects.toMatchObject({
        code: "engine-failed",
        reason: expect.stringContaining(words),
        hint: expect.stringContaining("another file of this model"),
      });
    }
  });
});
