import type { MemoryPressureEvent } from "./memory-report.js";
import { ownResidentBytes } from "./own-resident-bytes.js";

/** Time between two measurements. Reading the program's size costs about as much as a reply of the rules engine. */
const CHECK_MILLISECONDS = 250;

export interface ProgramBudgetOptions {
  /** The agent's total budget, in bytes. */
  limitBytes: number;
  /** Whether this program runs only this agent. Then all of its memory counts, not just its growth. */
  ownsProgram: boolean;
  /** Resident memory of this program when the agent was loaded, in bytes. */
  baseBytes: number;
  /** Whether the agent has tools that are processes. */
  hasToolProcesses: boolean;
  /** Measures the agent's exact memory use, in bytes. */
  measure: () => Promise<number>;
}

/**
 * Budget of an agent whose engine is not a process of its own: the rules engine, a server, or a model in this program.
 * It costs almost nothing while this program, without its tools, is within the limit. Without Node, memory is unknown
 * and the budget is never exceeded.
 */
export class ProgramBudget {
  readonly #options: ProgramBudgetOptions;
  /** Wall-clock time, which can jump. `performance` is a Node module that would delay the first reply by 0.5 ms. */
  #checkedAt = Number.NEGATIVE_INFINITY;
  /** The pending measurement. Messages that arrive together share it. */
  #measuring: Promise<MemoryPressureEvent | null> | null = null;

  constructor(options: ProgramBudgetOptions) {
    this.#options = options;
  }

  /** Returns the pressure if the agent exceeds its limit, otherwise null. Measures at most every 250 ms. */
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
    // While the budget is exceeded, every message measures again.
    if (used_bytes > limitBytes) {
      return { type: "memory-pressure", used_bytes, limit_bytes: limitBytes, reason: "own-limit", action: "refuse" };
    }
    this.#checkedAt = Date.now();
    return null;
  }
}
