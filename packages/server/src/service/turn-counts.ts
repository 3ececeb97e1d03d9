import type { AgentEvent } from "@nanoagent/runtime";
import { isAborted } from "../turns/is-aborted.js";

/** Counts of the turns of a service since it started. */
export interface TurnCounts {
  answered: number;
  failed: number;
  aborted: number;
  prompt_tokens: number;
  cached_prompt_tokens: number;
  completion_tokens: number;
}

export function noTurns(): TurnCounts {
  return { answered: 0, failed: 0, aborted: 0, prompt_tokens: 0, cached_prompt_tokens: 0, completion_tokens: 0 };
}

/** Adds the last event of a turn. */
export function countTurn(counts: TurnCounts, last: AgentEvent): void {
  if (last.type === "error") {
    if (isAborted(last.error)) counts.aborted += 1;
    else counts.failed += 1;
  }
  if (last.type !== "run-end") return;
  const { prompt_tokens = 0, cached_prompt_tokens = 0, completion_tokens = 0 } = last.usage ?? {};
  counts.answered += 1;
  counts.prompt_tokens += prompt_tokens;
  // Otherwise the tokens that were not cached could decrease.
  counts.cached_prompt_tokens += Math.min(cached_prompt_tokens, prompt_tokens);
  counts.completion_tokens += completion_tokens;
}
