import { writeFile } from "node:fs/promises";
import path from "node:path";
import { readGguf } from "@nanoagent/optimizer";
import { buildTinyGguf } from "@nanoagent/optimizer/testing";
import { addonPackage, type LlamaEngineOptions } from "@nanoagent/runtime/engines/llama";
import { temporaryFolder } from "../../temporary-folder.js";

/** Whether llama.cpp is installed for this machine; what needs it is skipped by name where it is not. */
export const hasAddon = await import(/* @vite-ignore */ addonPackage()).then(
  () => true,
  () => false,
);

/** A model with random weights, in a folder that goes with the test unless one is given, and how to load it. */
export async function tinyModel(
  shape: Parameters<typeof buildTinyGguf>[0] = {},
  options: Partial<LlamaEngineOptions> = {},
  folder?: string,
): Promise<LlamaEngineOptions> {
  const modelPath = path.join(folder ?? (await temporaryFolder()), "tiny.gguf");
  await writeFile(modelPath, buildTinyGguf(shape));
  return loadOptions(modelPath, { contextTokens: 512, ...options });
}

/** How tests load a model file: with one thread and a small context. */
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
