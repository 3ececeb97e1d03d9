import { setImmediate as nextPoll, setTimeout as wait } from "node:timers/promises";
import type { PermissionDesk, Question } from "@nanoagent/server";
import { onAbort } from "../on-abort.js";
import { plainLine } from "../output/plain-text.js";
import { askPermission } from "../run/ask-permission.js";
import { openInput } from "../run/open-input.js";
import type { Streams } from "../streams.js";
import { isInForeground } from "./foreground.js";
import type { ServeLog } from "./serve-log.js";

/** Time in which the terminal hands over what was typed before a question. */
const TYPED_BEFORE_MILLISECONDS = 100;

/**
 * Asks the person at the terminal of a service whether tools may run, one question at a time. In the background it asks
 * nobody.
 */
export class TerminalDesk {
  readonly #desk: PermissionDesk;
  readonly #streams: Streams;
  readonly #log: ServeLog;
  #detach: (() => void) | null = null;
  /** End of the queue of questions. */
  #last: Promise<void> = Promise.resolve();

  constructor(desk: PermissionDesk, streams: Streams, log: ServeLog) {
    this.#desk = desk;
    this.#streams = streams;
    this.#log = log;
    process.on("SIGCONT", this.#attach);
    this.#attach();
  }

  close(): void {
    process.off("SIGCONT", this.#attach);
    this.#leave();
  }

  /** A shell sends SIGCONT to a program that it brings to the foreground. */
  readonly #attach = (): void => {
    if (!isInForeground()) this.#leave();
    else
      this.#detach ??= this.#desk.attach((question, { signal }) => {
        this.#last = this.#last.then(() => this.#ask(question, signal)).catch(() => this.#leave());
      });
  };

  #leave(): void {
    this.#detach?.();
    this.#detach = null;
  }

  async #ask({ id, request }: Question, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    if (!isInForeground()) return this.#leave();
    this.#log.hold();
    const input = await openInput({}, this.#streams);
    // Ctrl-C means no; the next one ends the service.
    input.onInterrupt = () => {};
    const stopListening = onAbort(signal, () => input.close());
    try {
      // Keys that were pressed before the question was seen do not answer it.
      await wait(TYPED_BEFORE_MILLISECONDS);
      await nextPoll();
      if (signal.aborted) return;
      const answer = await askPermission(request, input, signal, { offersAlways: false });
      if (signal.aborted) this.#streams.stdout.write(`The question about ${plainLine(request.tool)} is over.\n`);
      else this.#desk.answer(id, answer !== "no");
    } finally {
      stopListening();
      input.close();
      this.#log.release();
    }
  }
}
