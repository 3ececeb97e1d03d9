import crypto from "node:crypto";
import { cutText } from "@nanoagent/models";

/** Longest id of a conversation that is used as it is. Ids are names of folders and stand in the log. */
const MAX_ID_CHARACTERS = 100;
/** Longest language, such as `zh-Hant-TW`. */
const MAX_LANGUAGE_CHARACTERS = 35;
/** Deepest nesting of a context that comes back with the reply. */
const MAX_CONTEXT_DEPTH = 32;
/** Longest JSON of such a context: it stays in memory as long as its turn. */
const MAX_CONTEXT_BYTES = 16 * 1024;

/** The parts of a `transcript` that its turn needs. */
export interface Transcript {
  /** Null if it has none. */
  readonly text: string | null;
  readonly language: string | null;
  readonly conversationId: string | null;
  /** JSON of the context that comes back with the reply. Null if it has none, or one that is too large or too deep. */
  readonly context: string | null;
}

/** Reads the data of a `transcript`: `text`, its `language`, and `context` with an optional `conversation_id`. */
export function readTranscript({ text, language, context }: Readonly<Record<string, unknown>>): Transcript {
  return {
    text: typeof text === "string" ? text : null,
    language: typeof language === "string" ? cutText(language, MAX_LANGUAGE_CHARACTERS) : null,
    conversationId: conversationIdOf(context),
    context: repeatable(context),
  };
}

function conversationIdOf(context: unknown): string | null {
  const id = (context as { conversation_id?: unknown } | null | undefined)?.conversation_id;
  if (typeof id !== "string" || id === "") return null;
  return id.length <= MAX_ID_CHARACTERS ? id : crypto.createHash("sha256").update(id).digest("hex");
}

function repeatable(context: unknown): string | null {
  if (typeof context !== "object" || context === null || !isNestedWithin(context, MAX_CONTEXT_DEPTH)) return null;
  const json = JSON.stringify(context);
  return new TextEncoder().encode(json).length <= MAX_CONTEXT_BYTES ? json : null;
}

/** Whether a value has at most this many levels of objects and lists. Looks no deeper. */
function isNestedWithin(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return true;
  return levels > 0 && Object.values(value).every((part) => isNestedWithin(part, levels - 1));
}
