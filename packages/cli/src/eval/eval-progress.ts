import type { Writable } from "node:stream";
import type { EvalProgress as Progress } from "@nanoagent/runtime/eval";
import { plainLine } from "../output/plain-text.js";

/** Interval between progress lines in a log. */
const LOG_MILLISECONDS = 10_000;

/** Shows an engine's progress: at a terminal on a temporary line, elsewhere as a line every ten seconds. */
export class EvalProgress {
  readonly #stderr: Writable & { isTTY?: boolean };
  readonly #name: string;
  #told = Date.now();
  #isShown = false;

  constructor(stderr: Writable & { isTTY?: boolean }, name: string) {
    this.#stderr = stderr;
    this.#name = plainLine(name);
  }

  loading(share: number): void {
    if (this.#stderr.isTTY) this.#show(`loading, ${Math.floor(share * 100)} %`);
  }

  show({ done, total, right }: Progress): void {
    const text = `${done} of ${total}, ${Math.round((100 * right) / done)} % right`;
    if (this.#stderr.isTTY) this.#show(text);
    else if (Date.now() - this.#told >= LOG_MILLISECONDS) {
      this.#told = Date.now();
      this.#stderr.write(`${this.#name}: ${text}\n`);
    }
  }

  clear(): void {
    if (this.#isShown) this.#stderr.write("\r\u001b[K");
    this.#isShown = false;
  }

  #show(text: string): void {
    this.#isShown = true;
    this.#stderr.write(`\r\u001b[K${this.#name}: ${text}`);
  }
}
