import { ShownText } from "../conversations/shown-text.js";
import type { AnswerEvent } from "../turns/ask.js";
import { type ChatCall, chatCall, type ReplyFacts } from "./chat-chunks.js";
import { type Extension, extensionOf } from "./extension.js";
import { type FinishReason, finishReason } from "./finish-reason.js";
import { type ChatUsage, chatUsage } from "./usage.js";

/** A whole chat completion. */
export interface ChatReply extends ReplyFacts {
  object: "chat.completion";
  choices: readonly [{ index: 0; message: ChatMessage; finish_reason: FinishReason; logprobs: null }];
  usage: ChatUsage;
  /** The agent's own work for this reply. Absent: it only wrote. */
  nanoagent?: { events: readonly Extension[] };
}

interface ChatMessage {
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
export async function writeChatReply(events: AsyncGenerator<AnswerEvent, void>, facts: ReplyFacts): Promise<ChatReply> {
  const shown = new ShownText();
  let reasoning = "";
  const extensions: Extension[] = [];
  let reply: ChatReply | null = null;
  // To leave before the end would abort the turn, which takes longer than its end.
  for await (const event of events) {
    const extension = extensionOf(event);
    if (extension !== null) extensions.push(extension);
    switch (event.type) {
      case "text-delta":
        shown.add(event.text);
        break;
      case "reasoning-delta":
        reasoning += event.text;
        break;
      case "text-retraction": {
        const { text } = shown;
        shown.note(event);
        reasoning += text.slice(shown.text.length);
        break;
      }
      case "step-end":
        shown.note(event);
        break;
      case "run-end":
        reply = chatReply(facts, event, { text: shown.text || event.reply.content, reasoning, extensions });
        break;
      case "error":
        throw event.error;
      default:
        break;
    }
  }
  if (reply === null) throw new TypeError("The reply has no last event");
  return reply;
}

function chatReply(
  { id, created, model }: ReplyFacts,
  end: Extract<AnswerEvent, { type: "run-end" }>,
  { text, reasoning, extensions }: { text: string; reasoning: string; extensions: readonly Extension[] },
): ChatReply {
  const calls = end.calls ?? [];
  const message: ChatMessage = {
    role: "assistant",
    content: text === "" && calls.length > 0 ? null : text,
    refusal: null,
    ...(reasoning !== "" && { reasoning_content: reasoning }),
    ...(calls.length > 0 && { tool_calls: calls.map(chatCall) }),
  };
  return {
    id,
    object: "chat.completion",
    created,
    model,
    choices: [{ index: 0, message, finish_reason: finishReason(end), logprobs: null }],
    usage: chatUsage(end.usage),
    ...(extensions.length > 0 && { nanoagent: { events: extensions } }),
  };
}
