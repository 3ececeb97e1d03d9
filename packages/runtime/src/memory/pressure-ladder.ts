import type { PressureAction } from "./memory-report.js";

/** Contexts shorter than this are of no use: a template, a question and an answer hardly fit. */
const LEAST_CONTEXT_TOKENS = 256;
const SMALL_BATCH_TOKENS = 16;
/** After so long without pressure everything is as it was. */
export const RECOVERY_MILLISECONDS = 60_000;

/** How a model is loaded, as far as the ladder changes it. */
export interface LadderSettings {
  /** The part of the context that history may fill. */
  windowShare: number;
  /** The longest context; null where the plan decides. */
  contextTokens: number | null;
  batchTokens: number | null;
  unloadsWhenIdle: boolean;
  refuses: boolean;
}

/** What is given up, step by step, when memory runs short; what was given up comes back after a while of calm. */
export class PressureLadder {
  #step: PressureAction | null = null;
  #contextTokens: number | null = null;
  #calmSince = 0;

  /** The last step that was taken. */
  get step(): PressureAction | null {
    return this.#step;
  }

  get settings(): LadderSettings {
    const at = this.#step === null ? -1 : order.indexOf(this.#step);
    const isAtLeast = (step: PressureAction) => at >= order.indexOf(step);
    return {
      windowShare: isAtLeast("trim-window") ? 0.5 : 1,
      contextTokens: this.#contextTokens,
      batchTokens: isAtLeast("smaller-batch") ? SMALL_BATCH_TOKENS : null,
      unloadsWhenIdle: isAtLeast("unload-when-idle"),
      refuses: isAtLeast("refuse"),
    };
  }

  /**
   * Takes the next step down; null at the end of the ladder. `contextTokens` is that of the model as it is loaded: it is
   * halved, again and again, before the step after it comes.
   */
  descend(contextTokens: number, now: number): PressureAction | null {
    this.#calmSince = now;
    if (this.#step === "refuse") return null;
    const next = this.#step === null ? "trim-window" : order[order.indexOf(this.#step) + 1];
    if (this.#step === "smaller-context" || next === "smaller-context") {
      const half = Math.floor(Math.min(contextTokens, this.#contextTokens ?? contextTokens) / 2);
      if (half >= LEAST_CONTEXT_TOKENS) {
        this.#contextTokens = half;
        this.#step = "smaller-context";
        return this.#step;
      }
    }
    this.#step = next === "smaller-context" ? "unload-when-idle" : (next ?? "refuse");
    return this.#step;
  }

  /** Takes steps until one that makes the model smaller: for when it has just run out of memory. */
  descendToReload(contextTokens: number, now: number): PressureAction[] {
    const taken: PressureAction[] = [];
    for (;;) {
      const step = this.descend(contextTokens, now);
      if (step === null) return taken;
      taken.push(step);
      if (step !== "trim-window" && step !== "drop-saved-state") return taken;
    }
  }

  /** Says that all is well at this moment; true when that has lasted and the ladder was climbed back. */
  rest(now: number): boolean {
    if (this.#step === null || now - this.#calmSince < RECOVERY_MILLISECONDS) return false;
    this.#step = null;
    this.#contextTokens = null;
    return true;
  }
}

const order = [
  "trim-window",
  "drop-saved-state",
  "smaller-batch",
  "smaller-context",
  "unload-when-idle",
  "refuse",
] as const satisfies PressureAction[];
