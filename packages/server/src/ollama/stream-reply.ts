import type { HttpReply } from "../http/exchange.js";
import { NdjsonStream, ndjsonStreamHeaders } from "../http/ndjson-stream.js";
import { StreamKeepAlive } from "../http/stream-keep-alive.js";
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
    headers: ndjsonStreamHeaders,
    stream: async (out) => {
      const stream = new NdjsonStream(out);
      const keepAlive = new StreamKeepAlive();
      keepAlive.start(keepAliveMilliseconds, () => stream.line(lines.part({})));
      try {
        await writeLines(first, events, lines, { stream, keepAlive });
      } finally {
        keepAlive.stop();
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
  { stream, keepAlive }: { stream: NdjsonStream; keepAlive: StreamKeepAlive },
): Promise<void> {
  try {
    for (let next = await first; next.done !== true; next = await events.next()) {
      const event = next.value;
      if (event.type === "error") throw event.error;
      const line = lines.lineFor(event);
      if (line === null) continue;
      keepAlive.noteWrite();
      const wait = stream.line(line);
      if (wait !== undefined) await wait;
    }
  } catch (error) {
    await stream.line(errorLine(error));
  }
}
