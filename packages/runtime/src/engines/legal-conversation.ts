import { describeResult } from "../tool-calls/describe-tools.js";
import { wholeData, wholeText } from "../whole-text.js";
import type { EngineMessage, EngineRequest, ToolCall } from "./engine.js";

/** The user's place before an assistant that nobody asked. */
const NO_QUESTION = "(The beginning of this conversation is missing.)";
/** The assistant's place between the results of its calls and the next message. */
const NO_ANSWER = "(no answer)";
/** The user's place where the message is empty, or blank. */
const NO_WORDS = "(no words)";
const NO_RESULT = "(no result)";
const NO_OUTPUT = "(no output)";
/** Ids that the strictest servers take: nine letters and digits, or one model's own form. */
const legalId = /^(?:[a-zA-Z0-9]{9}|functions\.[\w-]+:\d+)$/;
const MAX_NAME_CHARACTERS = 64;

/** What an engine is told before a conversation, and the conversation. */
export type Conversation = Pick<EngineRequest, "instructions" | "messages">;

/**
 * Returns a conversation in the form that strict servers and chat templates take, with all that was said in it:
 *
 * - Instructions come first, once. The first message is the user's, and roles take turns: neighbors of one role are one
 *   message, and a message without a word is left out; the user's says so where nothing else is between two answers.
 * - Every call has its result, right behind it, in the order of the calls; its arguments are an object, its name and its id
 *   are legal, and no other call has the id. A result without a call is something that the user says.
 * - With `callsAsText`, for a request or a model without tools, the user says what was called and what came of it.
 * - No text has half of a character.
 *
 * A conversation that has this form is returned unchanged. What comes later never changes an earlier message but the last.
 */
export function legalConversation(
  { instructions, messages }: Conversation,
  { callsAsText = false }: { callsAsText?: boolean } = {},
): { instructions: string | null; messages: EngineMessage[] } {
  const leading = messages.findIndex(({ role }) => role !== "system");
  const begin = leading < 0 ? messages.length : leading;
  const told = [instructions ?? "", ...messages.slice(0, begin).map(({ content }) => content)];
  const writer = new LegalMessages(callsAsText);
  for (let at = begin; at < messages.length; at++) {
    const { role, content, tool_calls = [] } = messages[at] as EngineMessage;
    if (role === "tool") writer.say("user", describeResult(content, undefined));
    else if (role !== "assistant") writer.say("user", content);
    else if (tool_calls.length === 0) writer.say("assistant", content);
    else {
      let end = at + 1;
      while (messages[end]?.role === "tool") end += 1;
      const results = messages.slice(at + 1, end);
      writer.call(content, tool_calls, results);
      at += results.length;
    }
  }
  return { instructions: join(told.map(wholeText)) || null, messages: writer.end() };
}

class LegalMessages {
  readonly #messages: EngineMessage[] = [];
  readonly #callsAsText: boolean;
  readonly #ids = new Set<string>();
  /** The message that more may be said in, after those that are finished. */
  #open: { role: "user" | "assistant"; texts: string[] } | null = null;
  #calls = 0;

  constructor(callsAsText: boolean) {
    this.#callsAsText = callsAsText;
  }

  say(role: "user" | "assistant", said: string): void {
    const content = wholeText(said);
    if (isBlank(content) && (role === "assistant" || this.#open?.role === "user")) return;
    if (this.#open?.role === role) {
      this.#open.texts.push(content);
      return;
    }
    this.#finish();
    const last = this.#messages.at(-1);
    if (role === "user" && last?.role === "tool") this.#messages.push({ role: "assistant", content: NO_ANSWER });
    if (role === "assistant" && last === undefined) this.#messages.push({ role: "user", content: NO_QUESTION });
    this.#open = { role, texts: [content] };
  }

  end(): EngineMessage[] {
    this.#finish();
    return this.#messages;
  }

  /** Adds calls, and of the results those that are theirs; the others are said. */
  call(content: string, calls: readonly ToolCall[], results: readonly EngineMessage[]): void {
    const left = [...results];
    const answered = calls.map((call) => ({ call: legalCall(call), result: takeResult(left, call, calls) }));
    this.say("assistant", content);
    if (this.#callsAsText) {
      for (const { call, result } of answered) {
        this.say("user", describeResult(result, `${call.name} ${JSON.stringify(call.arguments)}`));
      }
    } else this.#add(answered);
    for (const { content } of left) this.say("user", describeResult(content, undefined));
  }

  #add(answered: readonly { call: ToolCall; result: string }[]): void {
    const named = answered.map(({ call, result }) => ({ call: { ...call, id: this.#legalId(call.id) }, result }));
    const tool_calls = named.map(({ call }) => call);
    const said = this.#open?.role === "assistant" ? join(this.#open.texts) : "";
    if (this.#open?.role === "assistant") this.#open = null;
    this.#finish();
    if (this.#messages.length === 0) this.#messages.push({ role: "user", content: NO_QUESTION });
    this.#messages.push({ role: "assistant", content: said, tool_calls });
    for (const { call, result } of named) this.#messages.push({ role: "tool", content: result, tool_call_id: call.id });
  }

  #finish(): void {
    // Only the user's may be blank.
    if (this.#open !== null)
      this.#messages.push({ role: this.#open.role, content: join(this.#open.texts) || NO_WORDS });
    this.#open = null;
  }

  #legalId(given: string): string {
    this.#calls += 1;
    let id = given;
    for (let number = this.#calls; !legalId.test(id) || this.#ids.has(id); number++) {
      id = `call${String(number).padStart(5, "0")}`;
    }
    this.#ids.add(id);
    return id;
  }
}

/** Takes the result of a call from those that followed: the one with its id, or else the next that names no call. */
function takeResult(left: EngineMessage[], { id }: ToolCall, calls: readonly ToolCall[]): string {
  const own = left.findIndex(({ tool_call_id }) => tool_call_id === id);
  const isNobodys = ({ tool_call_id }: EngineMessage) => !calls.some((call) => call.id === tool_call_id);
  const at = own >= 0 ? own : left.findIndex((message) => message.tool_call_id === undefined && isNobodys(message));
  if (at < 0) return NO_RESULT;
  const content = wholeText(left.splice(at, 1)[0]?.content ?? "");
  return isBlank(content) ? NO_OUTPUT : content;
}

/** A call as every API can carry it. The model sees what it wrote in place of arguments. */
function legalCall({ id, name, arguments: given }: ToolCall): ToolCall {
  const legalName = name.replaceAll(/[^a-zA-Z0-9_-]/gu, "_").slice(0, MAX_NAME_CHARACTERS);
  return { id, name: legalName || "unknown", arguments: wholeData(legalArguments(given)) };
}

function legalArguments(given: unknown): object {
  const value = typeof given === "string" ? parseOrKeep(given) : (given ?? {});
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value : { arguments: value };
}

function parseOrKeep(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function isBlank(text: string): boolean {
  return /^[\s\p{Cc}\p{Cf}]*$/u.test(text);
}

function join(texts: readonly string[]): string {
  return texts
    .filter((text) => !isBlank(text))
    .map(wholeText)
    .join("\n\n");
}
