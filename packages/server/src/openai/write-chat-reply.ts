import type { AnswerEvent } from "../turns/ask.js";
import { type ChatCall, chatCall, type ReplyFacts } from "./chat-chunks.js";
import { type Extension, extensionOf } from "./extension.js";
import { type FinishReason, finishReason } from "./finish-reason.js";
import { ReplyText } from "./reply-text.js";
import { type ChatUsage, chatUsage } from "./usage.js";

/** A whole chat completion. */
export interface ChatReply extends ReplyFacts {
  object: "chat.completion";
  choices: readonly [{ index: 0; message: ChatMessage; finish_reason: FinishReason; logprobs: null }];
  usage: ChatUsage;
  /** The agent's own work for this reply. Absent: it only wrote. */
  nanoagent?: { events: readonly Extension[] };
}

export interface ChatMessage {
  role: "assistant";
  /** Null if the reply is calls alone. */
  content: string | null;
  refusal: null;
  /** Absent: the model did not reason. */
  reasoning_content?: string;
  /** Calls of the client's tools. Absent: none. */
  tool_calls?: readonly ChatCall[];
}

/** Reads the events of a reply to their end, and returns it as a chat completion. Throws the error of a failed reply. */
export async function writeChatReply(
  events: AsyncGenerator<AnswerEvent, void>,
  { id, created, model }: ReplyFacts,
): Promise<ChatReply> {
  const said = new ReplyText();
  const extensions: Extension[] = [];
  for await (const event of events) {
    if (event.type === "error") throw event.error;
    said.take(event);
    const extension = extensionOf(event);
    if (extension !== null) extensions.push(extension);
    if (event.type !== "run-end") continue;
    const calls = event.calls ?? [];
    const message: ChatMessage = {
      role: "assistant",
      content: said.text === "" && calls.length > 0 ? null : said.text,
      refusal: null,
      ...(said.reasoning !== "" && { reasoning_content: said.reasoning }),
      ...(calls.length > 0 && { tool_calls: calls.map(chatCall) }),
    };
    return {
      id,
      object: "chat.completion",
      created,
      model,
      choices: [{ index: 0, message, finish_reason: finishReason(event), logprobs: null }],
      usage: chatUsage(event.usage),
      ...(extensions.length > 0 && { nanoagent: { events: extensions } }),
    };
  }
  throw new TypeError("The reply has no last event");
}
