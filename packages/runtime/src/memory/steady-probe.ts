import type { MemoryProbe, MemoryReading } from "@nanoagent/models";
import { callWithin } from "../call-within.js";
import { messageOf } from "../message-of.js";

/** Longest wait for a reading. System figures normally take milliseconds. */
export const PROBE_MILLISECONDS = 2000;

/**
 * A fault-tolerant memory probe. If the probe throws, rejects, returns an invalid reading or does not answer, the last
 * reading is used, and a notice reports it once.
 */
export class SteadyProbe {
  readonly #probe: MemoryProbe;
  readonly #onNotice: (notice: string) => void;
  #last: MemoryReading | null = null;
  #isWaiting = false;
  #hasFailed = false;

  constructor(probe: MemoryProbe, onNotice: (notice: string) => void = () => {}) {
    this.#probe = probe;
    this.#onNotice = onNotice;
  }

  /** Reads the current memory, or null if the probe has never answered. Never rejects. */
  async read(): Promise<MemoryReading | null> {
    // A hanging probe is not read again until it has answered.
    if (this.#isWaiting) return this.#last;
    this.#isWaiting = true;
    try {
      this.#last = await callWithin(PROBE_MILLISECONDS, () => this.#ask());
    } catch (error) {
      this.#note(error);
    }
    return this.#last;
  }

  async #ask(): Promise<MemoryReading> {
    try {
      const reading = await this.#probe.read();
      if (!isReading(reading)) throw new TypeError("its reading is invalid");
      return reading;
    } finally {
      this.#isWaiting = false;
    }
  }

  #note(error: unknown): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    const instead = this.#last === null ? "Only the agent's own budget applies" : "Its last reading applies";
    this.#onNotice(`The memory probe failed: ${messageOf(error)}. ${instead} until it works again.`);
  }
}

function isReading(reading: MemoryReading | undefined): boolean {
  return Number.isFinite(reading?.total_bytes) && Number.isFinite(reading?.available_bytes);
}
