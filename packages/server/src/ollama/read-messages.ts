import type { ToolCall } from "@nanoagent/runtime";
import {
  type Fields,
  fieldOf,
  isFields,
  readList,
  readObject,
  readText,
  wrongType,
} from "../requests/request-fields.js";
import { notReadable } from "../turns/read-content.js";
import type { ClientMessage } from "../turns/split-messages.js";

/**
 * Reads the messages of a chat. Calls and results usually have no ids in Ollama's API. A call without one gets an id by
 * its place, and a result belongs to the call that it names (`tool_call_id`, `tool_name`), else to the first call before
 * it that has no result yet. Thinking is left out, because models do not read their earlier thinking. Throws
 * {@link ServiceError}.
 */
export function readMessages(body: Fields): ClientMessage[] {
  const reader = new MessageReader();
  return (readList(body, "messages") ?? []).map((message, index) => reader.read(message, `messages[${index}]`));
}

class MessageReader {
  readonly #ids = new Set<string>();
  #calls = 0;
  /** Calls of the newest assistant message that have no result yet. */
  #open: ToolCall[] = [];
  /** Ids of calls that have a result. */
  readonly #answered = new Set<string>();

  read(value: unknown, place: string): ClientMessage {
    if (!isFields(value)) throw wrongType(place, "an object", value);
    const message = value;
    refuseImages(message, place);
    const role = readText(message, "role", `${place}.role`)?.toLowerCase();
    const content = readText(message, "content", `${place}.content`) ?? "";
    if (role === "tool") return this.#result(message, content, place);
    this.#open = [];
    if (role === "assistant") return this.#reply(message, content, place);
    if (role === "user" || role === "system") return { role, content };
    throw wrongType(`${place}.role`, '"system", "user", "assistant" or "tool"', role);
  }

  #reply(message: Fields, content: string, place: string): ClientMessage {
    const calls = readList(message, "tool_calls", `${place}.tool_calls`) ?? [];
    if (calls.length === 0) return { role: "assistant", content };
    const tool_calls = calls.map((call, index) => this.#call(call, `${place}.tool_calls[${index}]`));
    this.#open = [...tool_calls];
    return { role: "assistant", content, tool_calls };
  }

  #call(value: unknown, place: string): ToolCall {
    if (!isFields(value)) throw wrongType(place, "an object", value);
    const called = readObject(value, "function", `${place}.function`) ?? {};
    const name = readText(called, "name", `${place}.function.name`) ?? "";
    if (name === "") throw wrongType(`${place}.function.name`, "the name of a tool", name);
    const id = this.#newId(readText(value, "id", `${place}.id`));
    return { id, name, arguments: readArguments(called, `${place}.function`) };
  }

  /** Returns the given id, or one by the number of the call if it has none of its own. */
  #newId(given: string | undefined): string {
    this.#calls += 1;
    let id = given || `call_${this.#calls}`;
    for (let number = this.#calls; this.#ids.has(id); number++) id = `call_${number}`;
    this.#ids.add(id);
    return id;
  }

  #result(message: Fields, content: string, place: string): ClientMessage {
    const id = readText(message, "tool_call_id", `${place}.tool_call_id`);
    const name = readText(message, "tool_name", `${place}.tool_name`) ?? readText(message, "name", `${place}.name`);
    const byId = this.#open.findIndex((call) => call.id === id);
    const byName = this.#open.findIndex((call) => call.name === name);
    const at = byId >= 0 ? byId : Math.max(byName, 0);
    const call = this.#open.splice(at, 1)[0];
    const callId = call === undefined ? id : call.id;
    // A call has one result.
    if (callId === undefined || this.#answered.has(callId)) return { role: "tool", content };
    this.#answered.add(callId);
    return { role: "tool", content, tool_call_id: callId };
  }
}

/** Arguments are an object. Some clients send them as JSON text, as OpenAI's API has it. */
function readArguments(called: Fields, place: string): Fields {
  const given = fieldOf(called, "arguments") ?? {};
  const value = typeof given === "string" ? parsed(given) : given;
  if (isFields(value)) return value;
  throw wrongType(`${place}.arguments`, "an object", given);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text === "" ? "{}" : text);
  } catch {
    return null;
  }
}

/** Throws {@link ServiceError} for images. `place` is that of the object that has them. */
export function refuseImages(fields: Fields, place?: string): void {
  const images = readList(fields, "images", place === undefined ? "images" : `${place}.images`) ?? [];
  if (images.length === 0) return;
  throw notReadable(place ?? "The request", "images");
}
