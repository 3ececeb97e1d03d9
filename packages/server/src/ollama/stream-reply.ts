import type { HttpReply } from "../http/exchange.js";
import { NdjsonStream, ndjsonStreamHeaders } from "../http/ndjson-stream.js";
import { StreamKeepAlive } from "../http/stream-keep-alive.js";
import type { AnswerEvent } from "../turns/ask.js";
import { startAnswer } from "../turns/start-answer.js";
import { errorLine } from "./ollama-error.js";
import type { ReplyLines } from "./reply-lines.js";

/** Time without a line after which an empty one is sent. Clients and proxies wait for a minute or more. */
const KEEP_ALIVE_MILLISECONDS = 15_000;

/** Returns a reply of JSON lines, one for each event that this API shows. Throws the error of a reply that fails at once. */
export async function streamReply(
  events: AsyncGenerator<AnswerEvent, void>,
  lines: ReplyLines,
  {
    statusMilliseconds,
    keepAliveMilliseconds = KEEP_ALIVE_MILLISECONDS,
  }: { statusMilliseconds?: number; keepAliveMilliseconds?: number } = {},
): Promise<HttpReply> {
  const begun = await startAnswer(events, { statusMilliseconds });
  return {
    status: 200,
    headers: ndjsonStreamHeaders,
    stream: async (out) => {
      const stream = new NdjsonStream(out);
      const keepAlive = new StreamKeepAlive();
      keepAlive.start(keepAliveMilliseconds, () => stream.line(lines.part({})));
      try {
        await writeLines(begun, lines, { stream, keepAlive });
      } finally {
        keepAlive.stop();
      }
    },
  };
}

async function writeLines(
  events: AsyncIterable<AnswerEvent>,
  lines: ReplyLines,
  { stream, keepAlive }: { stream: NdjsonStream; keepAlive: StreamKeepAlive },
): Promise<void> {
  try {
    for await (const event of events) {
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
