import type { Writable } from "node:stream";
import type { MeasureProgress } from "@nanoagent/profiler";

/** Shows the current step of a measurement on a temporary line. Does nothing without a terminal. */
export class MeasuringProgress {
  readonly #stderr: Writable & { isTTY?: boolean };
  #isShown = false;

  constructor(stderr: Writable & { isTTY?: boolean }) {
    this.#stderr = stderr;
  }

  show({ step, share }: MeasureProgress): void {
    if (!this.#stderr.isTTY) return;
    this.#isShown = true;
    this.#stderr.write(`\r\u001b[KMeasuring ${step}: ${Math.floor(share * 100)} %`);
  }

  clear(): void {
    if (this.#isShown) this.#stderr.write("\r\u001b[K");
    this.#isShown = false;
  }
}
