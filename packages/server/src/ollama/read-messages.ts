import { cutText } from "@nanoagent/models";
import type { ToolCall } from "@nanoagent/runtime";
import { ServiceError } from "../errors/service-error.js";
import { notReadable } from "../turns/read-content.js";
import type { ClientMessage } from "../turns/split-messages.js";
import { type Fields, isObject, readField, readObject } from "./read-field.js";

/**
 * Reads the messages of a chat. Calls and results usually have no ids in Ollama's API. A call without one gets an id by
 * its place, and a result belongs to the call that it names (`tool_call_id`, `tool_name`), else to the first call before
 * it that has no result yet. Thinking is left out, because models do not read their earlier thinking. Throws
 * {@link ServiceError}.
 */
export function readMessages(body: Fields): ClientMessage[] {
  const reader = new MessageReader();
  return (readField(body, "messages", "list") ?? []).map((message, index) =>
    reader.read(message, `messages[${index}]`),
  );
}

class MessageReader {
  readonly #ids = new Set<string>();
  #calls = 0;
  /** Calls of the newest assistant message that have no result yet. */
  #open: ToolCall[] = [];

  read(value: unknown, place: string): ClientMessage {
    const message = readObject(value, place);
    refuseImages(message, place);
    const role = readField(message, "role", "text", place)?.toLowerCase();
    const content = readField(message, "content", "text", place) ?? "";
    if (role === "tool") return this.#result(message, content, place);
    this.#open = [];
    if (role === "assistant") return this.#reply(message, content, place);
    if (role === "user" || role === "system") return { role, content };
    const found = role === undefined ? "is missing" : `"${cutText(role, 40)}" is unknown`;
    throw ServiceError.invalid(
      `${place}.role`,
      `The role of ${place} ${found}.`,
      "Use system, user, assistant or tool.",
    );
  }

  #reply(message: Fields, content: string, place: string): ClientMessage {
    const calls = readField(message, "tool_calls", "list", place) ?? [];
    if (calls.length === 0) return { role: "assistant", content };
    const tool_calls = calls.map((call, index) => this.#call(call, `${place}.tool_calls[${index}]`));
    this.#open = [...tool_calls];
    return { role: "assistant", content, tool_calls };
  }

  #call(value: unknown, place: string): ToolCall {
    const call = readObject(value, place);
    const called = readObject(call.function, `${place}.function`);
    const name = readField(called, "name", "text", `${place}.function`);
    if (name === undefined || name === "") {
      throw ServiceError.invalid(
        `${place}.function.name`,
        `"${place}.function.name" is missing. Every call names its tool.`,
      );
    }
    const id = this.#newId(readField(call, "id", "text", place));
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
    const id = readField(message, "tool_call_id", "text", place);
    const name = readField(message, "tool_name", "text", place) ?? readField(message, "name", "text", place);
    const byId = this.#open.findIndex((call) => call.id === id);
    const byName = this.#open.findIndex((call) => call.name === name);
    const at = byId >= 0 ? byId : Math.max(byName, 0);
    const call = this.#open.splice(at, 1)[0];
    return call === undefined
      ? { role: "tool", content, ...(id !== undefined && { tool_call_id: id }) }
      : { role: "tool", content, tool_call_id: call.id };
  }
}

/** Arguments are an object. Some clients send them as JSON text, as OpenAI's API has it. */
function readArguments(called: Fields, place: string): Fields {
  const given = called.arguments;
  if (typeof given !== "string") return readField(called, "arguments", "object", place) ?? {};
  try {
    const value: unknown = JSON.parse(given === "" ? "{}" : given);
    if (isObject(value)) return value;
  } catch {}
  throw ServiceError.invalid(`${place}.arguments`, `"${place}.arguments" is not an object.`);
}

/** Throws {@link ServiceError} for images. `place` is that of the object that has them. */
export function refuseImages(fields: Fields, place?: string): void {
  const images = readField(fields, "images", "list", place) ?? [];
  if (images.length === 0) return;
  throw notReadable(place ?? "The request", "images");
}
