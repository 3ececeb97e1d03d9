import type { ReplyWriter } from "./exchange.js";
import { lineJson } from "./line-json.js";

/** Headers of a stream of JSON lines. */
export const ndjsonStreamHeaders: Readonly<Record<string, string>> = {
  "content-type": "application/x-ndjson",
  "cache-control": "no-cache",
  "x-accel-buffering": "no",
};

/** Writes JSON lines, as Ollama's clients read them. They would not ignore comments, so it has no keep-alive. */
export class NdjsonStream {
  readonly #out: ReplyWriter;

  constructor(out: ReplyWriter) {
    this.#out = out;
  }

  /** Writes a value as a line. Returns a promise while the client reads slowly. */
  line(json: unknown): void | Promise<void> {
    return this.#out.write(`${lineJson(json)}\n`);
  }
}
