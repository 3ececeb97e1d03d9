import { NanoAgentError } from "@nanoagent/models";
import type { ConversationMemory } from "../conversations/conversation-memory.js";
import { errorFacts } from "../errors/error-facts.js";
import { ServiceError } from "../errors/service-error.js";
import type { OperatedAgent } from "../service/served-agent.js";
import { answerEvents } from "../turns/answer-events.js";
import { readReply } from "../turns/read-reply.js";
import type { Transcript } from "./read-transcript.js";
import { spokenText } from "./spoken-text.js";

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

/**
 * Runs a turn for a `transcript`. Never rejects.
 *
 * - `handled`: the reply as it is spoken.
 * - `not-handled`: the text is empty, the reply is empty, or the agent answers by rules and none understood the text.
 * - `error`: the turn failed. Its `text` is one sentence, its `code` that of the error.
 *
 * The context comes back with the reply, unless it is very large or nested very deep.
 */
export async function answerTranscript(
  { text, language, conversationId, context }: Transcript,
  { operated, memory, connectionId }: TranscriptParts,
  signal: AbortSignal,
): Promise<TranscriptReply> {
  if (text === null) return failed(textMissing());
  if (text.trim() === "") return { type: "not-handled", data: { text: HEARD_NOTHING, ...repeated(context) } };
  const id = conversationId ?? connectionId;
  const turn = await memory.begin(id);
  try {
    const ask = {
      target: "agent",
      conversationIds: [`wyoming-${id}`],
      instructions: null,
      before: turn.before,
      message: text,
      ...(language !== null && { language }),
      mayAskClient: false,
    } as const;
    const { end, shown } = await readReply(answerEvents(operated.answering, ask, signal));
    turn.end({ message: text, reply: shown });
    const spoken = spokenText(shown);
    const isHandled = spoken !== "" && end.not_understood !== true;
    return {
      type: isHandled ? "handled" : "not-handled",
      data: { text: spoken || SAID_NOTHING, ...repeated(context) },
    };
  } catch (error) {
    return failed(error);
  } finally {
    turn.end();
  }
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

function repeated(context: string | null): { context?: unknown } {
  return context === null ? {} : { context: JSON.parse(context) as unknown };
}
