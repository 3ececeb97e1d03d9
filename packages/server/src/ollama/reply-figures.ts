import type { TokenUsage } from "@nanoagent/runtime";

const NANOSECONDS_PER_MILLISECOND = 1_000_000;
const NANOSECONDS_PER_SECOND = 1_000_000_000;

/** Figures at the end of a reply. Durations are in nanoseconds. */
export interface ReplyFigures {
  total_duration: number;
  load_duration: number;
  prompt_eval_count: number;
  prompt_eval_duration: number;
  eval_count: number;
  eval_duration: number;
}

/** Measures a reply from its request to its end. */
export class ReplyClock {
  readonly #now: () => number;
  readonly #start: number;
  #firstText: number | null = null;

  constructor(now: () => number) {
    this.#now = now;
    this.#start = now();
  }

  /** Notes that text, thinking or a call has arrived. */
  noteOutput(): void {
    this.#firstText ??= this.#now();
  }

  /**
   * Returns the figures of the whole reply. Where the engine has no figures, the time to the first text is that of the
   * prompt. No duration is 0, because clients divide by it.
   */
  end(usage: TokenUsage | null): ReplyFigures {
    const end = this.#now();
    const first = this.#firstText ?? end;
    return {
      total_duration: fromMilliseconds(end - this.#start),
      load_duration: 0,
      prompt_eval_count: usage?.prompt_tokens ?? 0,
      prompt_eval_duration: fromSeconds(usage?.prompt_seconds) ?? fromMilliseconds(first - this.#start),
      eval_count: usage?.completion_tokens ?? 0,
      eval_duration: fromSeconds(usage?.completion_seconds) ?? fromMilliseconds(end - first),
    };
  }
}

function fromMilliseconds(milliseconds: number): number {
  return Math.max(1, Math.round(milliseconds * NANOSECONDS_PER_MILLISECOND));
}

function fromSeconds(seconds: number | undefined): number | null {
  return seconds === undefined ? null : Math.max(1, Math.round(seconds * NANOSECONDS_PER_SECOND));
}
