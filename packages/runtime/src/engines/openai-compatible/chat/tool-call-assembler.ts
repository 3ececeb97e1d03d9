import { exactOrText } from "../../../json/exact-json.js";
import type { ToolCall } from "../../engine.js";
import type { ToolCallPart } from "./reply-part.js";

/** More calls in one reply are a model that has lost its way. */
const MAX_CALLS = 128;
/** Of all calls of a reply together. */
const MAX_ARGUMENT_CHARACTERS = 2 ** 20;

/** A reply calls more tools, or with longer arguments, than any has reason to. */
export class TooManyToolCalls extends Error {}

interface OpenCall {
  index: number | null;
  id: string | null;
  name: string;
  /** JSON text so far. */
  text: string;
  /** The arguments, where they came as a whole. */
  value: unknown;
}

/**
 * Puts tool calls together from their pieces, in whatever order these come. A piece belongs to the call of its index;
 * without one, to the call of its id; without either, to the newest call, or to a new one where it has a name or comes
 * with all its arguments. Arguments that are no JSON are handed on as the text that they are: whoever checks them
 * against the tool's schema tells the model.
 */
export class ToolCallAssembler {
  readonly #nextId: () => string;
  readonly #calls: OpenCall[] = [];
  #characters = 0;

  /** `nextId` names the calls that a server leaves without an id. */
  constructor(nextId: () => string) {
    this.#nextId = nextId;
  }

  /** Throws {@link TooManyToolCalls}. */
  push(part: ToolCallPart): void {
    const call = this.#find(part) ?? this.#begin(part);
    call.id ??= part.id || null;
    call.name ||= part.name ?? "";
    if (typeof part.arguments === "string") {
      this.#characters += part.arguments.length;
      if (this.#characters > MAX_ARGUMENT_CHARACTERS) throw new TooManyToolCalls("arguments without an end");
      call.text += part.arguments;
    } else if (part.arguments !== undefined && part.arguments !== null) call.value = part.arguments;
  }

  /** The calls, in the order of their indexes, and of their coming where they have none. */
  finish(): ToolCall[] {
    const calls = this.#calls.filter(({ name, text, value }) => name !== "" || text !== "" || value !== undefined);
    if (calls.every(({ index }) => index !== null)) calls.sort((a, b) => (a.index ?? 0) - (b.index ?? 0));
    const taken = new Set<string>();
    return calls.map(({ id, name, text, value }) => {
      const ownId = id === null || taken.has(id) ? this.#nextId() : id;
      taken.add(ownId);
      return { id: ownId, name, arguments: value ?? argumentsOf(text) };
    });
  }

  #find(part: ToolCallPart): OpenCall | undefined {
    if (part.index !== null) return this.#calls.find(({ index }) => index === part.index);
    if (part.id) return this.#calls.find(({ id }) => id === part.id);
    return part.name === null ? this.#calls.at(-1) : undefined;
  }

  #begin({ index }: ToolCallPart): OpenCall {
    if (this.#calls.length === MAX_CALLS) throw new TooManyToolCalls(`more than ${MAX_CALLS} tool calls`);
    const call = { index, id: null, name: "", text: "", value: undefined };
    this.#calls.push(call);
    return call;
  }
}

/** A tool without parameters is called with nothing, which some models write as nothing and some as null. */
function argumentsOf(text: string): unknown {
  if (text.trim() === "") return {};
  const value = exactOrText(text);
  return value === undefined ? text : (value ?? {});
}
