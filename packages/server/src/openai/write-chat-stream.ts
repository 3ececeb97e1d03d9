import { EventStream } from "../http/event-stream.js";
import type { ReplyWriter } from "../http/exchange.js";
import type { AnswerEvent } from "../turns/ask.js";
import { ChatChunks, type ReplyFacts } from "./chat-chunks.js";
import { errorBody } from "./openai-error.js";

export interface ChatStreamOptions {
  readonly facts: ReplyFacts;
  readonly includesUsage: boolean;
  /** Time without an event after which a comment is sent. Default: that of {@link EventStream}. */
  readonly keepAliveMilliseconds?: number | undefined;
}

/** Writes a reply as a stream of chat completion chunks. An error is the last event, without `[DONE]`. */
export async function writeChatStream(
  events: AsyncGenerator<AnswerEvent, void>,
  out: ReplyWriter,
  { facts, includesUsage, keepAliveMilliseconds }: ChatStreamOptions,
): Promise<void> {
  const stream = new EventStream(out);
  const chunks = new ChatChunks(facts, { includesUsage });
  stream.keepAlive(keepAliveMilliseconds);
  try {
    await stream.data(chunks.first());
    for await (const event of events) {
      if (event.type === "error") throw event.error;
      for (const chunk of chunks.chunksFor(event)) {
        const room = stream.data(chunk);
        if (room !== undefined) await room;
      }
    }
    await stream.done();
  } catch (error) {
    await stream.data(errorBody(error));
  } finally {
    stream.stop();
  }
}
