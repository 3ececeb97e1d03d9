import type { EngineEvent, TokenUsage } from "../../engine.js";
import { type ReplyPiece, ReplyText } from "../../reply-text.js";
import { NoSuchReply } from "./chat-dialect.js";
import { isProgress, type ReplyPart } from "./reply-part.js";
import { ToolCallAssembler } from "./tool-call-assembler.js";

/** How a server says that a reply is not complete. Any word beside these, known or not, means that it is. */
const brokenFinishes = new Map([
  ["error", () => new NoSuchReply("gave its reply up", "remote-failed")],
  ["abort", () => new NoSuchReply("gave its reply up", "remote-failed")],
  ["content_filter", () => new NoSuchReply("does not let its model say this", "remote-refused")],
]);

/** One reply as it comes: pieces of text at once, tool calls, usage and end when it is whole. */
export class ReplyAssembler {
  readonly #calls: ToolCallAssembler;
  /** Some servers leave a model's thoughts in the text, between tags; a value by a schema has none. */
  readonly #split: ReplyText;
  #hasBegun = false;
  #usage: TokenUsage | null = null;
  #finish: string | null = null;
  #isLast = false;

  constructor({ expectsJson, nextCallId }: { expectsJson: boolean; nextCallId: () => string }) {
    this.#calls = new ToolCallAssembler(nextCallId);
    this.#split = new ReplyText({ separatesReasoning: !expectsJson });
  }

  /** Whether a piece of the reply has come, and not only signs of life. */
  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  /** Whether the server said that the reply is complete. */
  get isComplete(): boolean {
    return this.#isLast || this.#finish !== null;
  }

  /** Whether the server said that nothing follows. */
  get isLast(): boolean {
    return this.#isLast;
  }

  /** What can be shown at once. Throws {@link TooManyToolCalls}. */
  *push(part: ReplyPart): Generator<EngineEvent> {
    const { text = "", reasoning = "", toolCalls = [], usage, finish, isLast } = part;
    if (isProgress(part)) this.#hasBegun = true;
    if (reasoning !== "") yield { type: "reasoning-delta", text: reasoning };
    if (text !== "") for (const piece of this.#split.push(text)) yield toEvent(piece);
    for (const call of toolCalls) this.#calls.push(call);
    if (usage !== undefined) this.#usage = usage;
    if (finish !== undefined) this.#finish = finish;
    if (isLast) this.#isLast = true;
  }

  /** What a complete reply ends with. Throws {@link NoSuchReply} where it is complete in name only. */
  *finish(): Generator<EngineEvent> {
    for (const piece of this.#split.finish()) yield toEvent(piece);
    const broken = brokenFinishes.get(this.#finish ?? "");
    if (broken !== undefined) throw broken();
    const isCut = this.#finish === "length";
    // Where the reply was cut, so may its last call be; and one call of several is not what the model meant.
    const calls = isCut ? [] : this.#calls.finish();
    for (const call of calls) yield { type: "tool-call", call };
    if (this.#usage !== null) yield { type: "usage", usage: this.#usage };
    yield { type: "end", reason: isCut ? "length" : calls.length > 0 ? "tool-calls" : "stop" };
  }
}

function toEvent({ type, text }: ReplyPiece): EngineEvent {
  return type === "text" ? { type: "text-delta", text } : { type: "reasoning-delta", text };
}
