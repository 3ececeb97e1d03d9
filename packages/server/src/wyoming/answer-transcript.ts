import crypto from "node:crypto";
import { cutText, NanoAgentError } from "@nanoagent/models";
import { ShownText } from "../conversations/shown-text.js";
import { errorFacts } from "../errors/error-facts.js";
import { ServiceError } from "../errors/service-error.js";
import type { OperatedAgent } from "../service/served-agent.js";
import { answerEvents } from "../turns/answer-events.js";
import type { AnswerEvent } from "../turns/ask.js";
import type { ConversationMemory } from "./conversation-memory.js";
import { spokenText } from "./spoken-text.js";

/** Longest id of a conversation that is used as it is. Ids are names of folders and stand in the log. */
const MAX_ID_CHARACTERS = 100;
/** Longest language, such as `zh-Hant-TW`. */
const MAX_LANGUAGE_CHARACTERS = 35;
/** Deepest nesting of a context that comes back with the reply. JSON.stringify can fail on a deeper one. */
const MAX_CONTEXT_DEPTH = 32;
/** Replies without a text of the agent. */
const HEARD_NOTHING = "I did not hear a message.";
const SAID_NOTHING = "I have no answer to that.";

/** An event that answers a transcript. */
export interface TranscriptReply {
  readonly type: "handled" | "not-handled" | "error";
  readonly data: object;
}

export interface TranscriptParts {
  readonly operated: OperatedAgent;
  readonly memory: ConversationMemory;
  /** Id for transcripts without one. */
  readonly connectionId: string;
}

type RunEnd = Extract<AnswerEvent, { type: "run-end" }>;

/**
 * Runs a turn for the data of a `transcript`: `text`, its `language`, and `context` with an optional `conversation_id`.
 * Never rejects.
 *
 * - `handled`: the reply as it is spoken.
 * - `not-handled`: the text is empty, the reply is empty, or the agent answers by rules and none understood the text.
 * - `error`: the turn failed. Its `text` is one sentence, its `code` that of the error.
 *
 * The context comes back with the reply, unless it is nested very deep.
 */
export async function answerTranscript(
  data: Readonly<Record<string, unknown>>,
  { operated, memory, connectionId }: TranscriptParts,
  signal: AbortSignal,
): Promise<TranscriptReply> {
  const { text, language } = data;
  const repeated = repeatable(data.context);
  if (typeof text !== "string") return failed(textMissing());
  if (text.trim() === "") return { type: "not-handled", data: { text: HEARD_NOTHING, ...repeated } };
  const id = conversationIdOf(data.context) ?? connectionId;
  const turn = await memory.begin(id);
  try {
    const ask = {
      target: "agent",
      conversationIds: [`wyoming-${id}`],
      instructions: null,
      before: turn.before,
      message: text,
      ...(typeof language === "string" && { language: cutText(language, MAX_LANGUAGE_CHARACTERS) }),
      mayAskClient: false,
    } as const;
    const { end, shown } = await readReply(answerEvents(operated.answering, ask, signal));
    turn.end({ message: text, reply: shown });
    const spoken = spokenText(shown);
    const isHandled = spoken !== "" && end.not_understood !== true;
    return { type: isHandled ? "handled" : "not-handled", data: { text: spoken || SAID_NOTHING, ...repeated } };
  } catch (error) {
    return failed(error);
  } finally {
    turn.end();
  }
}

/** Reads a reply to its end. Throws the error of a reply that fails. */
async function readReply(events: AsyncIterable<AnswerEvent>): Promise<{ end: RunEnd; shown: string }> {
  const shown = new ShownText();
  let end: RunEnd | null = null;
  for await (const event of events) {
    if (event.type === "text-delta") shown.add(event.text);
    else if (event.type === "run-end") end = event;
    else if (event.type === "error") throw event.error;
    else shown.note(event);
  }
  if (end === null) throw new TypeError("The reply has no last event");
  return { end, shown: shown.replyOf(end)?.text ?? "" };
}

function textMissing(): ServiceError {
  return ServiceError.invalid("text", "The transcript has no text.", 'Send its text as "text".');
}

function failed(error: unknown): TranscriptReply {
  const code = NanoAgentError.isInstance(error) ? error.code : "unexpected";
  return { type: "error", data: { text: firstSentence(errorFacts(error).message), code } };
}

function firstSentence(text: string): string {
  return /^.*?[.!?](?=\s|$)/s.exec(text)?.[0] ?? text;
}

function conversationIdOf(context: unknown): string | null {
  const id = (context as { conversation_id?: unknown } | null | undefined)?.conversation_id;
  if (typeof id !== "string" || id === "") return null;
  return id.length <= MAX_ID_CHARACTERS ? id : crypto.createHash("sha256").update(id).digest("hex");
}

/** Returns the context for the reply. One that is nested deeper than {@link MAX_CONTEXT_DEPTH} is left out. */
function repeatable(context: unknown): { context?: unknown } {
  if (typeof context !== "object" || context === null) return {};
  return isNestedWithin(context, MAX_CONTEXT_DEPTH) ? { context } : {};
}

/** Whether a value has at most this many levels of objects and lists. Looks no deeper. */
function isNestedWithin(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return true;
  return levels > 0 && Object.values(value).every((part) => isNestedWithin(part, levels - 1));
}
