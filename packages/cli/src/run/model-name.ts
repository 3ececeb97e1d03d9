import path from "node:path";
import type { NanoAgentConfigInput } from "@nanoagent/models";
import { engineTypeOf } from "@nanoagent/runtime/program";

/** Name of the model that answers: that of its file, or as a server knows it; `rules` where the built-in rules do. */
export function modelName(config: NanoAgentConfigInput): string {
  const { engine = {}, model_path: modelPath } = config;
  const type = engineTypeOf(config);
  if (type === "llama" && modelPath) return path.basename(modelPath, path.extname(modelPath));
  return type === "openai-compatible" ? (engine.model ?? engine.url ?? type) : type;
}
