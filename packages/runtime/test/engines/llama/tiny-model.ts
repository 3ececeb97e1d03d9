import { writeFile } from "node:fs/promises";
import path from "node:path";
import { readGguf } from "@nanoagent/optimizer";
import { buildTinyGguf } from "@nanoagent/optimizer/testing";
import { addonPackage, type LlamaEngineOptions } from "@nanoagent/runtime/engines/llama";
import { temporaryFolder } from "../../temporary-folder.js";

/**
 * Whether llama.cpp is installed for this machine. Otherwise, tests that need it are skipped with a note in the title.
 */
export const hasAddon = await import(/* @vite-ignore */ addonPackage()).then(
  () => true,
  () => false,
);

/**
 * Creates a random-weight model, by default in a folder that is deleted after the test, and returns its load options.
 */
export async function tinyModel(
  shape: Parameters<typeof buildTinyGguf>[0] = {},
  options: Partial<LlamaEngineOptions> = {},
  folder?: string,
): Promise<LlamaEngineOptions> {
  const modelPath = path.join(folder ?? (await temporaryFolder()), "tiny.gguf");
  await writeFile(modelPath, buildTinyGguf(shape));
  return loadOptions(modelPath, { contextTokens: 512, ...options });
}

/** Options with which tests load a model file: one thread and a small context. */
export async function loadOptions(
  modelPath: string,
  options: Partial<LlamaEngineOptions> = {},
): Promise<LlamaEngineOptions> {
  const { tokenizer } = await readGguf(modelPath);
  return {
    modelPath,
    contextTokens: 1024,
    batchTokens: 64,
    prefillThreads: 1,
    decodeThreads: 1,
    mapsFile: true,
    kvType: "f16",
    chatTemplate: tokenizer.chat_template,
    constrainsOutput: true,
    stateFile: null,
    ...options,
  };
}
