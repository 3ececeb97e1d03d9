import type { Writable } from "node:stream";

/** How far loading is, on a line of its own that goes away; at a terminal only. */
export class LoadingProgress {
  readonly #stderr: Writable & { isTTY?: boolean };
  #shown = -1;

  constructor(stderr: Writable & { isTTY?: boolean }) {
    this.#stderr = stderr;
  }

  show(share: number): void {
    const percent = Math.floor(share * 100);
    if (!this.#stderr.isTTY || percent === this.#shown) return;
    this.#shown = percent;
    this.#stderr.write(`\rLoading the model: ${percent} %`);
  }

  clear(): void {
    if (this.#shown >= 0) this.#stderr.write("\r\u001b[K");
    this.#shown = -1;
  }
}
