import type { TokenUsage } from "./engine.js";

/** Adds up the token usage of all steps. A figure that one step did not report is unknown for the whole run. */
export function sumUsage(steps: readonly (TokenUsage | null)[]): TokenUsage | null {
  const known = steps.filter((usage) => usage !== null);
  if (known.length < steps.length || known.length === 0) return null;
  const sum = (figure: (usage: TokenUsage) => number) => known.reduce((total, usage) => total + figure(usage), 0);
  const total = {
    prompt_tokens: sum(({ prompt_tokens }) => prompt_tokens),
    completion_tokens: sum(({ completion_tokens }) => completion_tokens),
  };
  const sumOf = (name: Exclude<keyof TokenUsage, "prompt_tokens" | "completion_tokens" | "deciding_tokens">) => {
    if (known.some((usage) => usage[name] === undefined)) return {};
    return { [name]: sum((usage) => usage[name] ?? 0) };
  };
  // Only the deciding step reports this figure.
  const isDecided = known.some(({ deciding_tokens }) => deciding_tokens !== undefined);
  const deciding = isDecided ? { deciding_tokens: sum(({ deciding_tokens = 0 }) => deciding_tokens) } : {};
  return {
    ...total,
    ...deciding,
    ...sumOf("cached_prompt_tokens"),
    ...sumOf("reasoning_tokens"),
    ...sumOf("prompt_seconds"),
    ...sumOf("completion_seconds"),
  };
}
