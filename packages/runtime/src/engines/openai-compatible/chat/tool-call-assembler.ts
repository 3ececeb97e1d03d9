import { exactOrText } from "../../../json/exact-json.js";
import { wholeData } from "../../../whole-text.js";
import type { ToolCall } from "../../engine.js";
import { OpenCall } from "./open-call.js";
import type { ToolCallPart } from "./reply-part.js";

/** Most calls per reply. With more, the model is in a loop. */
const MAX_CALLS = 128;
/** Limit for all calls of a reply together. */
const MAX_ARGUMENT_CHARACTERS = 2 ** 20;

/** A reply has too many tool calls, or arguments that are too long. */
export class TooManyToolCalls extends Error {}

/**
 * Assembles tool calls from pieces that arrive in any order. Servers number calls differently, so no single field
 * identifies a call: index, id, name and the arguments so far are compared together. A piece that fits an open call
 * continues it; a piece that contradicts it starts a new call. Invalid JSON arguments are passed on as text, so that
 * schema validation can report them to the model.
 */
export class ToolCallAssembler {
  readonly #nextId: () => string;
  readonly #tools: ReadonlySet<string>;
  readonly #calls: OpenCall[] = [];
  #characters = 0;

  /** `nextId` creates ids for calls without one; `tools` are the names that calls may have. */
  constructor(nextId: () => string, tools: ReadonlySet<string> = new Set()) {
    this.#nextId = nextId;
    this.#tools = tools;
  }

  /** Throws {@link TooManyToolCalls}. */
  push(given: ToolCallPart): void {
    const part = { ...given, id: given.id || null, name: given.name || null };
    if (typeof part.arguments === "string") this.#characters += part.arguments.length;
    if (this.#characters > MAX_ARGUMENT_CHARACTERS) throw new TooManyToolCalls("tool arguments are too long");
    (this.#find(part) ?? this.#begin()).push(part, this.#tools);
  }

  /** Returns the calls, ordered by index if every call has its own, otherwise by arrival. */
  finish(): ToolCall[] {
    const calls = this.#calls.filter((call, at) => !call.isShell && !this.#isRepeatedHead(call, at));
    const indexes = new Set(calls.map(({ index }) => index));
    if (indexes.size === calls.length && !indexes.has(null)) calls.sort((a, b) => (a.index ?? 0) - (b.index ?? 0));
    const taken = new Set<string>();
    return calls.map((call) => {
      const id = call.id === null || taken.has(call.id) ? this.#nextId() : call.id;
      taken.add(id);
      return { id, name: call.name, arguments: wholeData(argumentsOf(call)) };
    });
  }

  #find(part: ToolCallPart): OpenCall | undefined {
    const { index, id, name } = part;
    const byIndex = index === null ? undefined : this.#calls.findLast((call) => call.index === index);
    const byId = id === null ? undefined : this.#calls.findLast((call) => call.id === id);
    const newest = this.#calls.at(-1);
    if (byIndex !== undefined && (id === null || byIndex.id === null || byIndex.id === id)) {
      return byIndex.isFollowedBy(part, this.#tools) ? byIndex : undefined;
    }
    if (byId !== undefined) {
      // A new index starts a new call, unless all other fields suggest that the index counts pieces.
      const begins = index !== null && byIndex === undefined && name !== null && !byId.isContinuedBy(part);
      return !begins && byId.isFollowedBy(part, this.#tools) ? byId : undefined;
    }
    if (byIndex !== undefined) return byIndex.isContinuedBy(part) ? byIndex : undefined;
    if (newest === undefined) return undefined;
    if (name === null) return newest.isAwaiting || (index === null && id === null) ? newest : undefined;
    return index === null && newest.index === null && newest.isContinuedBy(part) ? newest : undefined;
  }

  #begin(): OpenCall {
    if (this.#calls.length === MAX_CALLS) throw new TooManyToolCalls(`more than ${MAX_CALLS} tool calls`);
    const call = new OpenCall();
    this.#calls.push(call);
    return call;
  }

  /** Whether a call is only the beginning of a later one, because the server changes the id with every piece. */
  #isRepeatedHead({ isEmpty, index, name }: OpenCall, at: number): boolean {
    const isSame = (call: OpenCall) => !call.isEmpty && call.index === index && call.name === name;
    return isEmpty && index !== null && this.#calls.slice(at + 1).some(isSame);
  }
}

/** Returns the arguments of a call. For a tool without parameters, some models write nothing and some write null. */
function argumentsOf({ value, text, grown }: OpenCall): unknown {
  if (value !== undefined) return value;
  if (text.trim() === "") return {};
  const parsed = exactOrText(text);
  const found = parsed === undefined && grown !== null ? exactOrText(grown) : parsed;
  return found === undefined ? text : (found ?? {});
}
