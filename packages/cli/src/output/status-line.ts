import type { Writable } from "node:stream";

/** Time before a step is worth a line: a quick one would only flicker. */
const PATIENCE_MILLISECONDS = 300;
const REFRESH_MILLISECONDS = 500;

export interface StatusLineOptions {
  /** Draws the line again and again. Otherwise each step is one line that stays, written once it takes this long. */
  redraws: boolean;
}

/** A terminal, or another stream. */
type StatusStream = Writable & { isTTY?: boolean; columns?: number };

/** One line at a terminal that says what is going on, and goes away. Nothing of it is written anywhere else. */
export class StatusLine {
  readonly #stream: StatusStream;
  readonly #redraws: boolean;
  #describe: ((seconds: number) => string) | null = null;
  #began = 0;
  #isShown = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(stream: StatusStream, { redraws }: StatusLineOptions) {
    this.#stream = stream;
    this.#redraws = redraws;
  }

  /** Begins a step; `describe` gets its age in seconds each time the line is drawn. */
  begin(describe: (seconds: number) => string): void {
    this.clear();
    if (!this.#stream.isTTY) return;
    this.#describe = describe;
    this.#began = performance.now();
    this.#timer = setTimeout(() => this.#draw(), this.#redraws ? PATIENCE_MILLISECONDS : PATIENCE_MILLISECONDS * 10);
    this.#timer.unref();
  }

  /** Replaces the description of the step that goes on; begins one where none does. */
  update(describe: (seconds: number) => string): void {
    if (this.#describe === null) this.begin(describe);
    else this.#describe = describe;
  }

  /** Ends the step and takes the line away. */
  clear(): void {
    clearTimeout(this.#timer);
    this.#describe = null;
    if (this.#isShown && this.#redraws) this.#stream.write("\r\u001b[K");
    this.#isShown = false;
  }

  #draw(): void {
    if (this.#describe === null) return;
    const text = this.#describe((performance.now() - this.#began) / 1000);
    if (!this.#redraws) {
      this.#stream.write(`${text}\n`);
      return;
    }
    // The last column stays free: a terminal may begin a new line after it.
    const columns = Math.max(10, (this.#stream.columns ?? 80) - 1);
    this.#stream.write(`\r\u001b[K${text.length > columns ? `${text.slice(0, columns - 1)}…` : text}`);
    this.#isShown = true;
    this.#timer = setTimeout(() => this.#draw(), REFRESH_MILLISECONDS);
    this.#timer.unref();
  }
}
