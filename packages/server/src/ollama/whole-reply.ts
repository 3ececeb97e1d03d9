import type { WholeReply } from "../http/exchange.js";
import { jsonReply } from "../http/json-reply.js";
import type { AnswerEvent } from "../turns/ask.js";
import type { ReplyLines } from "./reply-lines.js";

/** Returns a reply in one piece. Throws the error of a reply that fails. */
export async function wholeReply(events: AsyncIterable<AnswerEvent>, lines: ReplyLines): Promise<WholeReply> {
  let thinking = "";
  let step = "";
  for await (const event of events) {
    lines.note(event);
    if (event.type === "error") throw event.error;
    if (event.type === "text-delta") step += event.text;
    else if (event.type === "reasoning-delta") thinking += event.text;
    else if (event.type === "step-end") step = "";
    else if (event.type === "text-retraction") {
      thinking += step;
      step = "";
    } else if (event.type === "run-end") {
      return jsonReply(lines.whole(event, thinking));
    }
  }
  throw new TypeError("The events end without run-end");
}
