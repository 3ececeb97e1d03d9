import crypto from "node:crypto";
import type { ConversationMessage, ToolCall } from "@nanoagent/runtime";

/** A message as clients see it: without the agent's own calls. */
export type VisibleMessage = Pick<ConversationMessage, "role" | "content" | "tool_call_id"> & {
  readonly tool_calls?: readonly ToolCall[] | undefined;
};

/**
 * Returns the hash of a visible message. Equal messages have equal hashes, even if a client has changed the white space
 * at the end (of a reply, also at its beginning), written the arguments of a call in another way, or given its own ids to
 * calls: a result is identified by the position of its call in `calls`, the ids of the calls before it.
 */
export function hashMessage(message: VisibleMessage, calls: readonly string[]): string {
  const { role, tool_calls: ownCalls = [] } = message;
  const content = role === "assistant" ? message.content.trim() : message.content.trimEnd();
  let text = `${role} ${content.length} ${content}`;
  if (role === "tool") {
    const id = message.tool_call_id ?? "";
    const position = calls.indexOf(id);
    text += position < 0 ? ` of ${id}` : ` at ${position}`;
  }
  for (const { name, arguments: input } of ownCalls) text += ` ${JSON.stringify(name)} ${canonicalArguments(input)}`;
  return digest(text);
}

/** Hashes the messages of a client, each when it is first asked for. */
export class ClientHashes {
  readonly messages: readonly ConversationMessage[];
  readonly #hashes: string[] = [];
  readonly #repeated: number[] = [0, 0];
  #calls: readonly string[] = [];

  constructor(messages: readonly ConversationMessage[]) {
    this.messages = messages;
  }

  at(index: number): string {
    for (let next = this.#hashes.length; next <= index; next++) {
      const message = this.messages[next] as ConversationMessage;
      this.#hashes.push(hashMessage(message, this.#calls));
      this.#calls = callsAfter(this.#calls, message);
    }
    return this.#hashes[index] as string;
  }

  /** Number of messages, fewer than `length`, with which the list begins and with which its first `length` ones end. */
  repeatedBefore(length: number): number {
    for (let next = this.#repeated.length; next <= length; next++) {
      const newest = this.at(next - 1);
      let count = this.#repeated[next - 1] as number;
      while (count > 0 && this.at(count) !== newest) count = this.#repeated[count] as number;
      this.#repeated.push(this.at(count) === newest ? count + 1 : 0);
    }
    return this.#repeated[length] as number;
  }
}

/** Returns the ids of the calls that results after this message can answer. */
export function callsAfter(calls: readonly string[], { role, tool_calls }: VisibleMessage): readonly string[] {
  if (role === "tool") return calls;
  return role === "assistant" && tool_calls !== undefined ? tool_calls.map(({ id }) => id) : [];
}

function canonicalArguments(input: unknown): string {
  if (typeof input !== "string") return JSON.stringify(input ?? {}, canonicalMembers);
  try {
    return JSON.stringify(JSON.parse(input), canonicalMembers);
  } catch {
    // Not JSON, or nested too deep.
    return JSON.stringify(input);
  }
}

/** Sorts the members of an object, without empty ones: Home Assistant does not send those back. */
function canonicalMembers(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value).filter(([, member]) => member !== null && member !== "");
  return Object.fromEntries(entries.sort(([one], [other]) => (one < other ? -1 : 1)));
}

function digest(text: string): string {
  // A hash object for each message takes three times as long. Other runtimes may lack the short form.
  if (typeof crypto.hash === "function") return crypto.hash("sha256", text, "base64");
  return crypto.createHash("sha256").update(text).digest("base64");
}
