import { describeResult } from "../tool-calls/describe-tools.js";
import { wholeData, wholeText } from "../whole-text.js";
import type { EngineMessage, EngineRequest, ToolCall } from "./engine.js";

/** User message before an assistant message that starts a conversation. */
const NO_QUESTION = "(The beginning of this conversation is missing.)";
/** Assistant message between the results of its calls and the next user message. */
const NO_ANSWER = "(no answer)";
/** User message in place of a blank one. */
const NO_WORDS = "(no words)";
const NO_RESULT = "(no result)";
const NO_OUTPUT = "(no output)";
/** Ids that the strictest servers accept: nine letters and digits, or the format of one model family. */
const legalId = /^(?:[a-zA-Z0-9]{9}|functions\.[\w-]+:\d+)$/;
const MAX_NAME_CHARACTERS = 64;

/** Instructions and messages of a request. */
export type Conversation = Pick<EngineRequest, "instructions" | "messages">;

/**
 * Returns a conversation in the form that strict servers and chat templates accept, without losing content:
 *
 * - Instructions come first, once. The first message is the user's, and roles alternate: adjacent messages of one role
 *   are joined, and blank messages are dropped. A blank user message between two answers becomes a placeholder.
 * - Every call is followed by its result, in the order of the calls. Its arguments are an object, its name and id are
 *   legal, and its id is unique. A result without a call becomes user text.
 * - With `callsAsText` (for a request or a model without tools), calls and results become user text.
 * - Texts contain no unpaired surrogates.
 *
 * A conversation that already has this form is returned unchanged. Later messages never change an earlier message
 * except the last one.
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
  /** The unfinished message, which more text may be appended to. It follows the finished ones. */
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

  /** Adds calls and their results. Results that belong to none of the calls become user text. */
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
    // Only a user message can be blank here.
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

/**
 * Removes and returns the result of a call: the one with its id, or else the next one whose id matches none of the
 * calls.
 */
function takeResult(left: EngineMessage[], { id }: ToolCall, calls: readonly ToolCall[]): string {
  const own = left.findIndex(({ tool_call_id }) => tool_call_id === id);
  const isNobodys = ({ tool_call_id }: EngineMessage) => !calls.some((call) => call.id === tool_call_id);
  const at = own >= 0 ? own : left.findIndex((message) => message.tool_call_id === undefined && isNobodys(message));
  if (at < 0) return NO_RESULT;
  const content = wholeText(left.splice(at, 1)[0]?.content ?? "");
  return isBlank(content) ? NO_OUTPUT : content;
}

/**
 * A call in a form that every API accepts. Arguments that are not an object are wrapped, so the model sees what it
 * wrote.
 */
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
