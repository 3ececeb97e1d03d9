import { INSTRUCTIONS } from "./reply-texts.mjs";

/**
 * Returns a config for a local model as a user writes it. All other settings have their defaults.
 *
 * @param {string} modelPath
 * @param {{ threads: number, maxTokens: number, contextTokens?: number | undefined }} limits
 */
export function agentConfig(modelPath, { threads, maxTokens, contextTokens }) {
  return {
    spec: { name: "bench", max_memory_mb: 4096, max_model_size_mb: 4096 },
    device: { device_id: "bench", platform: process.platform, memory_mb: 4096, cpu_cores: threads, has_gpu: false },
    model_path: modelPath,
    instructions: INSTRUCTIONS,
    ...(contextTokens === undefined ? {} : { engine: { context: contextTokens } }),
    // As in the bare loop, which takes the likeliest token.
    sampling: { temperature: 0, max_tokens: maxTokens },
  };
}
