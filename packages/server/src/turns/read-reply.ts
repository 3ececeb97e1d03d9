import { ShownText } from "../conversations/shown-text.js";
import type { AnswerEvent } from "./ask.js";

/** A whole reply: its last event, and the text that a person has seen of it. */
export interface WholeReply {
  readonly end: Extract<AnswerEvent, { type: "run-end" }>;
  readonly shown: string;
}

/** Reads a reply to its end. Throws the error of a reply that fails. */
export async function readReply(events: AsyncIterable<AnswerEvent>): Promise<WholeReply> {
  const shown = new ShownText();
  let end: WholeReply["end"] | null = null;
  for await (const event of events) {
    if (event.type === "text-delta") shown.add(event.text);
    else if (event.type === "run-end") end = event;
    else if (event.type === "error") throw event.error;
    else shown.note(event);
  }
  if (end === null) throw new TypeError("The reply has no last event");
  return { end, shown: shown.replyOf(end)?.text ?? "" };
}
