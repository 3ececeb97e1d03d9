import { JsonScanner } from "../../../json/json-scanner.js";
import type { ToolCallPart } from "./reply-part.js";

/** A tool call that is still being received. */
export class OpenCall {
  index: number | null = null;
  id: string | null = null;
  name = "";
  /** JSON text so far. */
  text = "";
  /** JSON text so far if every piece repeats all earlier text, otherwise null. */
  grown: string | null = "";
  /** Arguments that arrived as a whole value. */
  value: unknown;
  readonly #scanner = new JsonScanner();

  /** Whether no arguments have arrived. */
  get isEmpty(): boolean {
    return this.text.trim() === "" && this.value === undefined;
  }

  /** Whether neither a name nor arguments have arrived. */
  get isShell(): boolean {
    return this.isEmpty && this.name === "";
  }

  /** Whether the arguments have begun but are incomplete. */
  get isCutOff(): boolean {
    return !this.isEmpty && !this.#isComplete;
  }

  /** Whether arguments, or more of them, are expected. */
  get isAwaiting(): boolean {
    return !this.#isComplete;
  }

  get #isComplete(): boolean {
    return this.value !== undefined || this.#scanner.hasEnded;
  }

  /** Whether a piece with the same index or id, and no conflicting id, belongs to this call. */
  isFollowedBy(part: ToolCallPart, tools: ReadonlySet<string>): boolean {
    if (part.name === null || this.name === "" || this.#isRepeatedBy(part)) return true;
    if (part.name === this.name) return this.isAwaiting || !hasArguments(part);
    // A different name belongs to another call or is the next part of this call's name.
    if (this.#isComplete || this.isCutOff) return false;
    if (tools.has(this.name + part.name)) return true;
    return tools.has(part.name) ? part.name.startsWith(this.name) && !tools.has(this.name) : !tools.has(this.name);
  }

  /** Whether a piece with another id, or with neither id nor index, continues this call anyway. */
  isContinuedBy({ index, id, name, arguments: more }: ToolCallPart): boolean {
    if (name === null) return this.isAwaiting;
    if (name !== this.name || this.#isComplete) return false;
    if (this.isEmpty) return id === null;
    if (id === null) return true;
    // Without indexes, a different id is more likely to mean a new call.
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

  /** Whether a piece only repeats known data. Some servers send each call again at the end. */
  #isRepeatedBy({ index, id, arguments: more }: ToolCallPart): boolean {
    if (!this.#isComplete || (index === null && id === null)) return false;
    return typeof more === "string" ? more === this.text : isSameJson(more, this.value);
  }
}

function isSameJson(one: unknown, other: unknown): boolean {
  try {
    return JSON.stringify(one) === JSON.stringify(other);
  } catch {
    // The value is nested too deeply to serialize. Schema validation rejects such arguments later.
    return false;
  }
}

function hasArguments({ arguments: more }: ToolCallPart): boolean {
  return typeof more === "string" ? more.trim() !== "" : more !== undefined && more !== null;
}

/** Joins the parts of a name. Servers send it once, with every piece, in parts, or in growing parts. */
function joinNames(before: string, more: string, tools: ReadonlySet<string>): string {
  if (before === "" || more.startsWith(before)) return more;
  return tools.has(before) && !tools.has(before + more) ? before : before + more;
}
