import { existsSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";

/** A model that is measured. @typedef {{ name: string, title: string, file: string }} LocalModel */

/** Models that are measured. All of them use ChatML. @type {readonly LocalModel[]} */
const models = [
  { name: "135m", title: "SmolLM2 135M", file: "smollm2-135m-instruct.gguf" },
  { name: "0.5b", title: "Qwen2.5 Coder 0.5B", file: "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf" },
  { name: "1.5b", title: "Qwen2.5 Coder 1.5B", file: "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf" },
];

/**
 * Returns the models with the paths of their files, and whether the files exist.
 *
 * @param {string} [folder]
 * @returns {(LocalModel & { modelPath: string, isThere: boolean })[]}
 */
export function localModels(folder = modelFolder()) {
  return models.map((model) => {
    const modelPath = path.join(folder, model.file);
    return { ...model, modelPath, isThere: existsSync(modelPath) };
  });
}

export function modelFolder() {
  const { NANOAGENT_BENCH_MODELS, XDG_CACHE_HOME } = process.env;
  const cache = XDG_CACHE_HOME || path.join(homedir(), ".cache");
  return path.resolve(NANOAGENT_BENCH_MODELS || path.join(cache, "nanoagent-test-models"));
}
