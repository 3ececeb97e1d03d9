import type { MemoryPressureEvent } from "./memory-report.js";
import { ownResidentBytes } from "./own-resident-bytes.js";

/** Time between two measurements. A reading of the own size costs about as much as a reply by the rules. */
const CHECK_MILLISECONDS = 250;

export interface ProgramBudgetOptions {
  /** The agent's whole budget, in bytes. */
  limitBytes: number;
  /** Whether this program is the agent's alone: all of its memory counts, not just its growth. */
  ownsProgram: boolean;
  /** Resident memory of this program when the agent was loaded, in bytes. */
  baseBytes: number;
  /** Whether the agent has tools that are processes. */
  hasToolProcesses: boolean;
  /** Measures exactly what the agent takes, in bytes. */
  measure: () => Promise<number>;
}

/**
 * Budget of an agent whose engine is in this program or elsewhere: the rules, a server, a model without isolation. It
 * costs next to nothing while this program alone, its tools aside, is within the limit. Without Node nothing is known of
 * memory, and the budget is never exceeded.
 */
export class ProgramBudget {
  readonly #options: ProgramBudgetOptions;
  /** By the time of day, which jumps: `performance` is a module of Node that the first reply would wait half a millisecond for. */
  #checkedAt = Number.NEGATIVE_INFINITY;
  /** The measurement that is under way: messages that come together share one. */
  #measuring: Promise<MemoryPressureEvent | null> | null = null;

  constructor(options: ProgramBudgetOptions) {
    this.#options = options;
  }

  /** Returns the pressure when the agent takes more than it may, else null. At most every 250 ms it is measured. */
  check(): null | Promise<MemoryPressureEvent | null> {
    const now = Date.now();
    if (Math.abs(now - this.#checkedAt) < CHECK_MILLISECONDS) return null;
    const { limitBytes, ownsProgram, baseBytes, hasToolProcesses } = this.#options;
    const residentBytes = ownResidentBytes();
    const programBytes = (residentBytes ?? 0) - (ownsProgram ? 0 : baseBytes);
    if (residentBytes === null || (programBytes <= limitBytes && !hasToolProcesses)) {
      this.#checkedAt = now;
      return null;
    }
    this.#measuring ??= this.#measure().finally(() => {
      this.#measuring = null;
    });
    return this.#measuring;
  }

  async #measure(): Promise<MemoryPressureEvent | null> {
    const { limitBytes, measure } = this.#options;
    const used_bytes = await measure();
    // While it is exceeded each message measures anew.
    if (used_bytes > limitBytes) {
      return { type: "memory-pressure", used_bytes, limit_bytes: limitBytes, reason: "own-limit", action: "refuse" };
    }
    this.#checkedAt = Date.now();
    return null;
  }
}
