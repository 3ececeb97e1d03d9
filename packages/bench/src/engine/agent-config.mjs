import { INSTRUCTIONS } from "./reply-texts.mjs";

/**
 * A config as a user writes it for a local model: what it does not say is what nanoagent chooses.
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
    // The bare loop takes the likeliest token.
    sampling: { temperature: 0, max_tokens: maxTokens },
  };
}
