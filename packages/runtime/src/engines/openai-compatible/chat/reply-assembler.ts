import { WholePieces } from "../../../whole-text.js";
import type { EngineEvent, EngineTool, SamplingOptions, TokenUsage } from "../../engine.js";
import { type ReplyPiece, ReplyText } from "../../reply-text.js";
import { NoSuchReply } from "./no-such-reply.js";
import { ReplyAllowance } from "./reply-allowance.js";
import { isProgress, type ReplyPart, saysSomething } from "./reply-part.js";
import { ToolCallAssembler } from "./tool-call-assembler.js";

/** How servers say that a reply was cut at a limit of length. */
const cutFinishes =
  /^(?:length|max_(?:new_|output_|completion_)?(?:tokens|length)|token_limit|model_length|(?:model_)?context_(?:length|window)_exceeded)$/;
/** How servers say that a reply was given up. */
const failedFinishes =
  /^(?:error|abort(?:ed)?|cancell?ed|timeout|(?:network|engine|internal|server)_?error|insufficient_system_resource|failed)$/;
/** How servers say that their filter ended a reply. */
const filteredFinishes =
  /^(?:content_?filter(?:ed)?|safety|sensitive|refusal|recitation|blocklist|prohibited_content|spii|guardrail_intervened)$/;
/** How Ollama says that it did nothing but load or unload its model. */
const idleFinishes = /^(?:un)?load$/;
/** How servers say that the model calls tools. */
const callFinishes = /^(?:tool_?(?:calls?|use)|function_?call)$/;

/** Longest text that a repetition is looked for in. */
const MAX_REPEATED_CHARACTERS = 2 ** 20;

/** One reply as it comes: pieces of text at once, tool calls, usage and end when it is whole. */
export class ReplyAssembler {
  readonly #calls: ToolCallAssembler;
  readonly #allowance: ReplyAllowance;
  /** Some servers leave a model's thoughts in the text, between tags; a value by a schema has none. */
  readonly #split: ReplyText;
  readonly #text = new SaidText();
  readonly #reasoning = new SaidText();
  #hasBegun = false;
  #saysSomething = false;
  #usage: TokenUsage | null = null;
  #finish: string | null = null;
  /** Whether more came after the server had said that the reply was complete. */
  #goesOn = false;
  #isLast = false;
  #heldBy: "stop" | "max_tokens" | null = null;
  #words: string | null = null;
  #hasCalls = false;
  /** What came in the place of text and is none. */
  #unread: unknown;

  constructor({
    expectsJson,
    sampling: { stop, maxTokens } = {},
    tools = [],
    nextCallId,
  }: {
    expectsJson: boolean;
    /** Of which a stop text and the limit of tokens are held here too: some servers take no notice of them. */
    sampling?: SamplingOptions | undefined;
    tools?: readonly EngineTool[] | undefined;
    nextCallId: () => string;
  }) {
    this.#calls = new ToolCallAssembler(nextCallId, new Set(tools.map(({ name }) => name)));
    this.#split = new ReplyText({ stop: stop ?? [], separatesReasoning: !expectsJson });
    this.#allowance = new ReplyAllowance(maxTokens);
  }

  /** Whether a piece of the reply has come, and not only signs of life. */
  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  /** Whether the server said that the reply is complete, and has not gone on after it said so before. */
  get isComplete(): boolean {
    return this.#isLast || (this.#finish !== null && !this.#goesOn);
  }

  /** Whether the stream may end here. */
  get mayEnd(): boolean {
    return this.#isLast || this.#finish !== null;
  }

  /** Whether the server said that nothing follows. */
  get isLast(): boolean {
    return this.#isLast;
  }

  /** The option of sampling that ended the reply here, where the server went on; null where it ended by itself. */
  get heldBy(): "stop" | "max_tokens" | null {
    return this.#heldBy;
  }

  /** What the server said beside its reply; null where it said nothing. */
  get words(): string | null {
    return this.#words;
  }

  /** What can be shown at once. Throws {@link TooManyToolCalls}. */
  *push(part: ReplyPart): Generator<EngineEvent> {
    const { toolCalls = [], usage, finish, isLast, words, unread } = part;
    this.#unread ??= unread;
    this.#hasCalls ||= toolCalls.length > 0;
    if (isProgress(part)) this.#hasBegun = true;
    if (saysSomething(part)) {
      if (this.#finish !== null && !part.isWhole) this.#goesOn = true;
      this.#saysSomething = true;
    }
    yield* this.#reason(this.#allowance.take(this.#reasoning.push(part.reasoning ?? "", part)));
    if (!this.#allowance.isUsedUp) yield* this.#say(this.#allowance.take(this.#text.push(part.text ?? "", part)));
    if (usage !== undefined) this.#usage = usage;
    if (this.#split.stopped || this.#allowance.isUsedUp) return this.#hold();
    for (const call of toolCalls) this.#calls.push(call);
    if (finish !== undefined) this.#finish = finish;
    if (isLast) this.#isLast = true;
    this.#words ??= words ?? null;
  }

  /** Ends the reply here, whatever the server sends yet. */
  #hold(): void {
    this.#heldBy = this.#split.stopped ? "stop" : "max_tokens";
    this.#finish = this.#split.stopped ? "stop" : "length";
    this.#isLast = true;
  }

  /** What a complete reply ends with. Throws {@link NoSuchReply} where it is complete in name only. */
  *finish(): Generator<EngineEvent> {
    if (this.#heldBy === null) {
      yield* this.#reason(this.#reasoning.end());
      yield* this.#say(this.#text.end());
    }
    for (const piece of this.#split.finish()) yield toEvent(piece);
    const finish = (this.#finish ?? "").toLowerCase().replaceAll(/[\s-]/g, "_");
    this.#refuse(finish);
    const isCut = cutFinishes.test(finish);
    // Where the reply was cut, so may its last call be; and one call of several is not what the model meant.
    const calls = isCut ? [] : this.#calls.finish();
    if (calls.length === 0 && callFinishes.test(finish) && this.#text.isEmpty) {
      throw new NoSuchReply("said that its model calls a tool, and sent no call", "remote-protocol", this.#words);
    }
    for (const call of calls) yield { type: "tool-call", call };
    if (this.#usage !== null) yield { type: "usage", usage: this.#usage };
    yield { type: "end", reason: isCut ? "length" : calls.length > 0 ? "tool-calls" : "stop" };
  }

  /** Throws {@link NoSuchReply} where a reply has no text and no call, but something that may have been meant as such. */
  refuseUnread(): void {
    if (this.#unread === undefined || !this.#text.isEmpty || this.#hasCalls || this.#words !== null) return;
    let quote = "";
    try {
      quote = JSON.stringify(this.#unread);
    } catch {
      // Nested deeper than can be written.
    }
    throw new NoSuchReply(
      "sent a reply whose content is neither text nor a call",
      "remote-protocol",
      `It sent ${quote}`,
    );
  }

  #refuse(finish: string): void {
    const words = this.#words;
    if (failedFinishes.test(finish)) throw new NoSuchReply("gave its reply up", "remote-failed", words);
    if (filteredFinishes.test(finish))
      throw new NoSuchReply("does not let its model say this", "remote-refused", words);
    this.refuseUnread();
    // An end mark is not a reply, and an end that no reason is given for is not trusted beside other words.
    const isNothing = !this.#saysSomething && (finish === "" || idleFinishes.test(finish));
    if (isNothing) throw new NoSuchReply("ended its reply before it began", "remote-failed", words);
    if (words !== null && (finish === "" || !this.#saysSomething)) {
      throw new NoSuchReply("ended its reply with other words", "remote-failed", words);
    }
  }

  *#say(text: string): Generator<EngineEvent> {
    if (text !== "") for (const piece of this.#split.push(text)) yield toEvent(piece);
  }

  *#reason(text: string): Generator<EngineEvent> {
    if (text !== "") yield { type: "reasoning-delta", text };
  }
}

/** Text that came so far: a server may send all of it again at the end, and halves of characters at any place. */
class SaidText {
  readonly #whole = new WholePieces();
  #said = "";
  #pieces = 0;

  get isEmpty(): boolean {
    return this.#pieces === 0;
  }

  /** Returns what is new in a piece. */
  push(piece: string, { finish, isWhole = false }: ReplyPart): string {
    if (piece === "") return "";
    const isAgain = finish !== undefined && this.#pieces > 1 && piece === this.#said;
    const added = isAgain ? "" : isWhole ? withoutBeginning(piece, this.#said) : piece;
    this.#pieces += 1;
    if (this.#said.length <= MAX_REPEATED_CHARACTERS) this.#said += added;
    return this.#whole.push(added);
  }

  end(): string {
    return this.#whole.end();
  }
}

function withoutBeginning(text: string, beginning: string): string {
  if (text.startsWith(beginning)) return text.slice(beginning.length);
  return text.trim() === beginning.trim() ? "" : text;
}

function toEvent({ type, text }: ReplyPiece): EngineEvent {
  return type === "retraction" ? { type: "text-retraction" } : { type: `${type}-delta`, text };
}
