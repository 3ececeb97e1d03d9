import { BYTES_PER_MB } from "@nanoagent/models";
import type { AgentEvent, MemoryReport, TokenUsage } from "@nanoagent/runtime";

/** Figures of one reply. Speeds are in tokens a second; null where they are not known. */
export interface TurnStatistics {
  seconds: number;
  first_text_seconds: number | null;
  prompt_tokens: number | null;
  cached_prompt_tokens: number | null;
  completion_tokens: number | null;
  reasoning_tokens: number | null;
  prompt_tokens_per_second: number | null;
  completion_tokens_per_second: number | null;
  memory_used_bytes: number | null;
  memory_limit_bytes: number | null;
}

/** Takes the times of a reply from its events. */
export class TurnClock {
  #began = 0;
  #firstText: number | null = null;

  follow({ type }: AgentEvent): void {
    if (type === "run-start") {
      this.#began = performance.now();
      this.#firstText = null;
    } else if (type === "text-delta") this.#firstText ??= performance.now();
  }

  /** Returns the figures of the reply that ends now. */
  read(usage: TokenUsage | null, memory: MemoryReport | null): TurnStatistics {
    const now = performance.now();
    const { prompt_tokens = null, completion_tokens = null } = usage ?? {};
    const cached = usage?.cached_prompt_tokens ?? null;
    return {
      seconds: rounded((now - this.#began) / 1000),
      first_text_seconds: this.#firstText === null ? null : rounded((this.#firstText - this.#began) / 1000),
      prompt_tokens,
      cached_prompt_tokens: cached,
      completion_tokens,
      reasoning_tokens: usage?.reasoning_tokens ?? null,
      prompt_tokens_per_second: speed(
        prompt_tokens === null ? null : prompt_tokens - (cached ?? 0),
        usage?.prompt_seconds,
      ),
      completion_tokens_per_second: speed(completion_tokens, usage?.completion_seconds),
      memory_used_bytes: memory?.used_bytes ?? null,
      memory_limit_bytes: memory?.limit_bytes ?? null,
    };
  }
}

/** Writes the figures as one line for people. */
export function describeStatistics(figures: TurnStatistics): string {
  const { prompt_tokens, cached_prompt_tokens, completion_tokens, reasoning_tokens } = figures;
  const { memory_used_bytes: used, memory_limit_bytes: limit } = figures;
  const parts: string[] = [];
  if (prompt_tokens !== null) {
    const cached = cached_prompt_tokens === null ? "" : ` (${cached_prompt_tokens} cached)`;
    parts.push(`read ${prompt_tokens} tokens${cached}${at(figures.prompt_tokens_per_second)}`);
  }
  if (completion_tokens !== null) {
    const thoughts = reasoning_tokens ? ` (${reasoning_tokens} of them thoughts)` : "";
    parts.push(`wrote ${completion_tokens} tokens${thoughts}${at(figures.completion_tokens_per_second)}`);
  }
  if (figures.first_text_seconds !== null) parts.push(`first text after ${figures.first_text_seconds} s`);
  if (used !== null && limit !== null) parts.push(`memory ${toMb(used)} of ${toMb(limit)} MB`);
  return `(${parts.join("; ")})\n`;
}

function at(tokensPerSecond: number | null): string {
  return tokensPerSecond === null ? "" : ` at ${tokensPerSecond} tokens/s`;
}

function speed(tokens: number | null, seconds: number | undefined): number | null {
  if (tokens === null || tokens === 0 || seconds === undefined || seconds <= 0) return null;
  return Math.round((tokens / seconds) * 10) / 10;
}

function rounded(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}

function toMb(bytes: number): number {
  return Math.round(bytes / BYTES_PER_MB);
}
