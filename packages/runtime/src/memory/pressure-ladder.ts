import { PRESSURE_ACTIONS, type PressureAction } from "@nanoagent/models";

/** Shortest useful context. A template, a question and an answer hardly fit in less. */
const MIN_CONTEXT_TOKENS = 256;
const SMALL_BATCH_TOKENS = 16;
/** Time without pressure after which the ladder starts from the top again. */
export const RECOVERY_MILLISECONDS = 60_000;
/** Longest such time. It doubles while pressure returns soon, so that a model is not loaded again every minute. */
const MAX_RECOVERY_MILLISECONDS = 64 * RECOVERY_MILLISECONDS;
/** Recovery times after which pressure counts as new. */
const SOON_RECOVERIES = 10;

/** Settings of a model's load that the ladder changes. */
export interface LadderSettings {
  /** Share of the context that history may fill, 0 to 1. */
  windowShare: number;
  /** Longest context in tokens, or null if the plan decides. */
  contextTokens: number | null;
  batchTokens: number | null;
  unloadsWhenIdle: boolean;
  refuses: boolean;
}

/** Steps that free memory, one after another, while it is short. Reverted after a time without pressure. */
export class PressureLadder {
  #step: PressureAction | null = null;
  #contextTokens: number | null = null;
  #calmSince = 0;
  #recoveryMilliseconds = RECOVERY_MILLISECONDS;
  #recoveredAt = Number.NEGATIVE_INFINITY;

  /** Last step taken, or null if none is in force. */
  get step(): PressureAction | null {
    return this.#step;
  }

  get settings(): LadderSettings {
    const at = this.#step === null ? -1 : PRESSURE_ACTIONS.indexOf(this.#step);
    const isAtLeast = (step: PressureAction) => at >= PRESSURE_ACTIONS.indexOf(step);
    return {
      windowShare: isAtLeast("trim-window") ? 0.5 : 1,
      contextTokens: this.#contextTokens,
      batchTokens: isAtLeast("smaller-batch") ? SMALL_BATCH_TOKENS : null,
      unloadsWhenIdle: isAtLeast("unload-when-idle"),
      refuses: isAtLeast("refuse"),
    };
  }

  /**
   * Takes the next step and returns it, or null at the end of the ladder. `contextTokens` is the context of the loaded
   * model. The context is halved repeatedly before the next kind of step.
   */
  descend(contextTokens: number, now: number): PressureAction | null {
    this.#calmSince = now;
    if (this.#step === "refuse") return null;
    if (this.#step === null) this.#recoveryMilliseconds = this.#recoveryAt(now);
    const next = this.#step === null ? "trim-window" : PRESSURE_ACTIONS[PRESSURE_ACTIONS.indexOf(this.#step) + 1];
    if (this.#step === "smaller-context" || next === "smaller-context") {
      const half = Math.floor(Math.min(contextTokens, this.#contextTokens ?? contextTokens) / 2);
      if (half >= MIN_CONTEXT_TOKENS) {
        this.#contextTokens = half;
        this.#step = "smaller-context";
        return this.#step;
      }
    }
    this.#step = next === "smaller-context" ? "unload-when-idle" : (next ?? "refuse");
    return this.#step;
  }

  /** Takes steps until one makes the model smaller. For a model that has just run out of memory. */
  descendToReload(contextTokens: number, now: number): PressureAction[] {
    const taken: PressureAction[] = [];
    for (;;) {
      const step = this.descend(contextTokens, now);
      if (step === null) return taken;
      taken.push(step);
      if (step !== "trim-window" && step !== "drop-saved-state") return taken;
    }
  }

  /** Records that memory is not short now. Returns true if that has lasted and all steps are reverted. */
  rest(now: number): boolean {
    if (this.#step === null || now - this.#calmSince < this.#recoveryMilliseconds) return false;
    this.#step = null;
    this.#contextTokens = null;
    this.#recoveredAt = now;
    return true;
  }

  #recoveryAt(now: number): number {
    const isSoon = now - this.#recoveredAt < SOON_RECOVERIES * this.#recoveryMilliseconds;
    return isSoon ? Math.min(2 * this.#recoveryMilliseconds, MAX_RECOVERY_MILLISECONDS) : RECOVERY_MILLISECONDS;
  }
}
