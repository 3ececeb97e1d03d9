import { EventStream } from "../http/event-stream.js";
import type { ReplyWriter } from "../http/exchange.js";
import type { AnswerEvent } from "../turns/ask.js";
import type { ResponseEvent, ResponseEvents } from "./response-events.js";
import type { ResponseObject } from "./response-object.js";

/** Reads the events of a reply to their end, and returns the response. Throws the error of a failed reply. */
export async function writeResponse(
  events: AsyncGenerator<AnswerEvent, void>,
  writing: ResponseEvents,
): Promise<ResponseObject> {
  for await (const event of events) {
    if (event.type === "error") throw event.error;
    writing.eventsFor(event);
  }
  const { response, extensions } = writing;
  return extensions.length > 0 ? { ...response, nanoagent: { events: extensions } } : response;
}

/** Writes a reply as the events of a response. The last one is `completed`, `incomplete` or `failed`. */
export async function writeResponseStream(
  events: AsyncGenerator<AnswerEvent, void>,
  out: ReplyWriter,
  writing: ResponseEvents,
  { keepAliveMilliseconds }: { keepAliveMilliseconds?: number | undefined } = {},
): Promise<void> {
  const stream = new EventStream(out);
  const send = async (batch: readonly ResponseEvent[]) => {
    for (const event of batch) {
      const room = stream.event(event.type, event);
      if (room !== undefined) await room;
    }
  };
  stream.keepAlive(keepAliveMilliseconds);
  try {
    await send(writing.begin());
    for await (const event of events) await send(writing.eventsFor(event));
  } catch (error) {
    await send(writing.fail(error));
  } finally {
    stream.stop();
  }
}
