import type { WholeReply } from "../http/exchange.js";
import { jsonReply } from "../http/json-reply.js";
import type { AnswerEvent } from "../turns/ask.js";
import type { ReplyLines } from "./reply-lines.js";

/** Returns a reply in one piece. Throws the error of a reply that fails. */
export async function wholeReply(events: AsyncIterable<AnswerEvent>, lines: ReplyLines): Promise<WholeReply> {
  for await (const event of events) {
    if (event.type === "error") throw event.error;
    const reply = lines.collect(event);
    if (reply !== null) return jsonReply(reply);
  }
  throw new TypeError("The events end without run-end");
}
