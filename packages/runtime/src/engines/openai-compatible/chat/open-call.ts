import { JsonScanner } from "../../../json/json-scanner.js";
import type { ToolCallPart } from "./reply-part.js";

/** A tool call of a reply, as far as it has come. */
export class OpenCall {
  index: number | null = null;
  id: string | null = null;
  name = "";
  /** JSON text so far. */
  text = "";
  /** JSON text so far, if each piece has all of it again; null where a piece did not. */
  grown: string | null = "";
  /** The arguments, where they came as a whole. */
  value: unknown;
  readonly #scanner = new JsonScanner();

  /** Whether no arguments have come. */
  get isEmpty(): boolean {
    return this.text.trim() === "" && this.value === undefined;
  }

  /** Whether nothing of a call has come. */
  get isShell(): boolean {
    return this.isEmpty && this.name === "";
  }

  /** Whether some of the arguments are there and some are missing. */
  get isCutOff(): boolean {
    return !this.isEmpty && !this.#isComplete;
  }

  /** Whether arguments, or more of them, are still to come. */
  get isAwaiting(): boolean {
    return !this.#isComplete;
  }

  get #isComplete(): boolean {
    return this.value !== undefined || this.#scanner.hasEnded;
  }

  /** Whether a piece of the same index or id, and with no other id, belongs to this call. */
  isFollowedBy(part: ToolCallPart, tools: ReadonlySet<string>): boolean {
    if (part.name === null || this.name === "" || this.#isRepeatedBy(part)) return true;
    if (part.name === this.name) return this.isAwaiting || !hasArguments(part);
    // Another name: of another call, or the next piece of this one's.
    if (this.#isComplete || this.isCutOff) return false;
    if (tools.has(this.name + part.name)) return true;
    return tools.has(part.name) ? part.name.startsWith(this.name) && !tools.has(this.name) : !tools.has(this.name);
  }

  /** Whether a piece that names another id, or neither id nor index, goes on with this call all the same. */
  isContinuedBy({ index, id, name, arguments: more }: ToolCallPart): boolean {
    if (name === null) return this.isAwaiting;
    if (name !== this.name || this.#isComplete) return false;
    if (this.isEmpty) return id === null;
    if (id === null) return true;
    // Where there are no indexes, ids are believed sooner.
    const mayGoOn = (text: string) => (index === null ? !text.startsWith("{") : this.#scanner.mayGoOnWith(text));
    return typeof more === "string" && mayGoOn(more.trimStart());
  }

  push(part: ToolCallPart, tools: ReadonlySet<string>): void {
    const isRepeated = this.#isRepeatedBy(part);
    this.id ??= part.id;
    this.index ??= part.index;
    if (part.name !== null) this.name = joinNames(this.name, part.name, tools);
    const { arguments: more } = part;
    if (isRepeated || more === undefined || more === null) return;
    if (typeof more !== "string") {
      this.value = more;
      return;
    }
    this.grown = this.grown !== null && more.startsWith(this.grown) ? more : null;
    this.text += more;
    if (!this.#scanner.hasEnded) this.#scanner.push(more);
  }

  /** Whether a piece has only what is known already: some servers send each call again at the end. */
  #isRepeatedBy({ index, id, arguments: more }: ToolCallPart): boolean {
    if (!this.#isComplete || (index === null && id === null)) return false;
    return typeof more === "string" ? more === this.text : isSameJson(more, this.value);
  }
}

function isSameJson(one: unknown, other: unknown): boolean {
  try {
    return JSON.stringify(one) === JSON.stringify(other);
  } catch {
    // Nested deeper than can be written: whoever checks the arguments refuses them.
    return false;
  }
}

function hasArguments({ arguments: more }: ToolCallPart): boolean {
  return typeof more === "string" ? more.trim() !== "" : more !== undefined && more !== null;
}

/** A name comes once, again with each piece, in pieces, or in pieces that grow. */
function joinNames(before: string, more: string, tools: ReadonlySet<string>): string {
  if (before === "" || more.startsWith(before)) return more;
  return tools.has(before) && !tools.has(before + more) ? before : before + more;
}
