import type { HttpReply, ReplyWriter } from "../http/exchange.js";
import type { AnswerEvent } from "../turns/ask.js";
import { errorLine } from "./ollama-error.js";
import type { ReplyLines } from "./reply-lines.js";

/**
 * Longest wait for the event that decides the status. A request that fails at once gets the status of its error. After
 * that the headers are sent, because clients give up if they hear nothing while a long prompt is read.
 */
const STATUS_MILLISECONDS = 1000;
/** Time without a line after which an empty one is sent. Clients and proxies wait for a minute or more. */
const KEEP_ALIVE_MILLISECONDS = 15_000;

/** Events before the engine has begun. They do not show yet whether the request succeeds. */
const early: ReadonlySet<AnswerEvent["type"]> = new Set([
  "run-start",
  "memory-pressure",
  "context-growth",
  "prompt-progress",
]);

type Next = Promise<IteratorResult<AnswerEvent, void>>;

/** Returns a reply of JSON lines, one for each event that this API shows. Throws the error of a reply that fails at once. */
export async function streamReply(
  events: AsyncGenerator<AnswerEvent, void>,
  lines: ReplyLines,
  { statusMilliseconds = STATUS_MILLISECONDS, keepAliveMilliseconds = KEEP_ALIVE_MILLISECONDS } = {},
): Promise<HttpReply> {
  // In an object, because an async function would wait for a promise that it returns.
  const { first } = await waitForStatus(events, statusMilliseconds);
  return {
    status: 200,
    headers: { "content-type": "application/x-ndjson", "cache-control": "no-cache" },
    stream: async (out) => {
      const writer = new LineWriter(out);
      const timer = setInterval(() => writer.keepAlive(() => lines.part({})), keepAliveMilliseconds);
      try {
        await writeLines(first, events, lines, writer);
      } finally {
        clearInterval(timer);
      }
    },
  };
}

async function waitForStatus(
  events: AsyncGenerator<AnswerEvent, void>,
  milliseconds: number,
): Promise<{ first: Next }> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(resolve, milliseconds, null);
  });
  try {
    for (;;) {
      const first = events.next();
      const result = await Promise.race([first, late]);
      if (result === null) return { first };
      if (result.done === true) return { first };
      if (result.value.type === "error") throw result.value.error;
      if (!early.has(result.value.type)) return { first };
    }
  } finally {
    clearTimeout(timer);
  }
}

async function writeLines(
  first: Next,
  events: AsyncGenerator<AnswerEvent, void>,
  lines: ReplyLines,
  writer: LineWriter,
): Promise<void> {
  try {
    for (let next = await first; next.done !== true; next = await events.next()) {
      const event = next.value;
      if (event.type === "error") throw event.error;
      const line = lines.lineFor(event);
      const wait = line === null ? undefined : writer.write(line);
      if (wait !== undefined) await wait;
    }
  } catch (error) {
    await writer.write(errorLine(error));
  }
}

/** Writes JSON lines. */
class LineWriter {
  readonly #out: ReplyWriter;
  #isSilent = true;

  constructor(out: ReplyWriter) {
    this.#out = out;
  }

  write(line: object): void | Promise<void> {
    this.#isSilent = false;
    return this.#out.write(`${JSON.stringify(line)}\n`);
  }

  /** Writes a line if none was written since the last call. */
  keepAlive(line: () => object): void {
    if (this.#isSilent) void this.#out.write(`${JSON.stringify(line())}\n`);
    this.#isSilent = true;
  }
}
