import type { Readable } from "node:stream";
import { MAX_MESSAGE_BYTES } from "@nanoagent/runtime";
import { onAbort } from "../on-abort.js";
import type { MessageInput } from "./message-input.js";

/** Lines from a pipe or a file. Of a line without an end, no more is held than shows that it is too long. */
export class PipedInput implements MessageInput {
  onInterrupt = null;
  readonly interrupted = false;
  readonly #stdin: Readable;
  readonly #stop: AbortSignal;
  readonly #lines: AsyncIterator<string>;

  /** Of a line, no more than `maxCharacters` and one are read. */
  constructor(stdin: Readable, stop: AbortSignal, maxCharacters = MAX_MESSAGE_BYTES) {
    this.#stdin = stdin;
    this.#stop = stop;
    this.#lines = readLines(stdin, maxCharacters);
    onAbort(stop, () => this.close());
  }

  async next(): Promise<string | null> {
    try {
      const { done, value } = await this.#lines.next();
      return done ? null : value;
    } catch (error) {
      // Closing it is how a read that waits is ended.
      if (this.#stop.aborted) return null;
      throw error;
    }
  }

  close(): void {
    this.#stdin.destroy();
  }
}

async function* readLines(stdin: Readable, maxCharacters: number): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  const hold = (text: string) => {
    rest = (rest + text).slice(0, maxCharacters + 1);
  };
  for await (const chunk of stdin) {
    const pieces = decoder.decode(chunk as Buffer, { stream: true }).split("\n");
    const last = pieces.pop() ?? "";
    for (const piece of pieces) {
      hold(piece);
      yield rest.endsWith("\r") ? rest.slice(0, -1) : rest;
      rest = "";
    }
    hold(last);
  }
  hold(decoder.decode());
  if (rest !== "") yield rest;
}
