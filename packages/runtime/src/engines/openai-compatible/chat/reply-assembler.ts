import { WholePieces } from "../../../whole-text.js";
import type { EngineEvent, EngineTool, SamplingOptions, TokenUsage } from "../../engine.js";
import { type ReplyPiece, ReplyText } from "../../reply-text.js";
import { NoSuchReply } from "./no-such-reply.js";
import { ReplyAllowance } from "./reply-allowance.js";
import { isProgress, type ReplyPart, saysSomething } from "./reply-part.js";
import { ToolCallAssembler } from "./tool-call-assembler.js";

/** Finish reasons of a reply that was cut at a length limit. */
const cutFinishes =
  /^(?:length|max_(?:new_|output_|completion_)?(?:tokens|length)|token_limit|model_length|(?:model_)?context_(?:length|window)_exceeded)$/;
/** Finish reasons of a reply that failed or was canceled. */
const failedFinishes =
  /^(?:error|abort(?:ed)?|cancell?ed|timeout|(?:network|engine|internal|server)_?error|insufficient_system_resource|failed)$/;
/** Finish reasons of a reply that a content filter ended. */
const filteredFinishes =
  /^(?:content_?filter(?:ed)?|safety|sensitive|refusal|recitation|blocklist|prohibited_content|spii|guardrail_intervened)$/;
/** Finish reasons of Ollama when it only loaded or unloaded a model. */
const idleFinishes = /^(?:un)?load$/;
/** Finish reasons of a reply with tool calls. */
const callFinishes = /^(?:tool_?(?:calls?|use)|function_?call)$/;

/** Longest text that is checked for repetition. */
const MAX_REPEATED_CHARACTERS = 2 ** 20;

/**
 * Assembles one streamed reply. Text is passed on at once; tool calls, usage and the end follow when the reply is
 * complete.
 */
export class ReplyAssembler {
  readonly #calls: ToolCallAssembler;
  readonly #allowance: ReplyAllowance;
  /** Extracts reasoning that some servers leave in the text between tags. Replies with a schema contain none. */
  readonly #split: ReplyText;
  readonly #isAgents: boolean;
  readonly #text = new SaidText();
  readonly #reasoning = new SaidText();
  #hasBegun = false;
  #saysSomething = false;
  #usage: TokenUsage | null = null;
  #finish: string | null = null;
  /** Whether more text arrived after a finish reason. */
  #goesOn = false;
  #isLast = false;
  #heldBy: "stop" | "max_tokens" | null = null;
  #words: string | null = null;
  #hasCalls = false;
  /** Unreadable value where text was expected. */
  #unread: unknown;

  constructor({
    expectsJson,
    sampling: { stop, maxTokens } = {},
    tools = [],
    isAgents = false,
    nextCallId,
  }: {
    expectsJson: boolean;
    /** Whether the reply is an agent's, which may have several steps. Only text of the last one is ever retracted. */
    isAgents?: boolean | undefined;
    /** A stop text and the token limit are enforced here, because some servers ignore them. */
    sampling?: SamplingOptions | undefined;
    tools?: readonly EngineTool[] | undefined;
    nextCallId: () => string;
  }) {
    this.#calls = new ToolCallAssembler(nextCallId, new Set(tools.map(({ name }) => name)));
    this.#split = new ReplyText({ stop: stop ?? [], separatesReasoning: !expectsJson });
    this.#allowance = new ReplyAllowance(maxTokens);
    this.#isAgents = isAgents;
  }

  /** Whether a piece of the reply has arrived, not only keep-alives. */
  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  /** Whether the server has finished the reply, and did not continue after an earlier finish reason. */
  get isComplete(): boolean {
    return this.#isLast || (this.#finish !== null && !this.#goesOn);
  }

  /** Whether the stream may end here. */
  get mayEnd(): boolean {
    return this.#isLast || this.#finish !== null;
  }

  /** Whether the server announced that nothing follows. */
  get isLast(): boolean {
    return this.#isLast;
  }

  /** The sampling option that was enforced here because the server ignored it, or null. */
  get heldBy(): "stop" | "max_tokens" | null {
    return this.#heldBy;
  }

  /** Text that the server sent beside the reply, or null. */
  get words(): string | null {
    return this.#words;
  }

  /** Yields the events that a piece allows. Throws {@link TooManyToolCalls}. */
  *push(part: ReplyPart): Generator<EngineEvent> {
    const { toolCalls = [], usage, finish, isLast, words, unread } = part;
    if (part.retracts && !this.#isAgents) yield { type: "text-retraction" };
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

  /** Ends the reply here and ignores the rest of the stream. */
  #hold(): void {
    this.#heldBy = this.#split.stopped ? "stop" : "max_tokens";
    this.#finish = this.#split.stopped ? "stop" : "length";
    this.#isLast = true;
  }

  /** Yields the last events of a complete reply. Throws {@link NoSuchReply} if the reply is not usable. */
  *finish(): Generator<EngineEvent> {
    if (this.#heldBy === null) {
      yield* this.#reason(this.#reasoning.end());
      yield* this.#say(this.#text.end());
    }
    for (const piece of this.#split.finish()) yield toEvent(piece);
    const finish = (this.#finish ?? "").toLowerCase().replaceAll(/[\s-]/g, "_");
    this.#refuse(finish);
    const isCut = cutFinishes.test(finish);
    // If the reply was cut, its last call may be incomplete, and the others alone are not what the model intended.
    const calls = isCut ? [] : this.#calls.finish();
    if (calls.length === 0 && callFinishes.test(finish) && this.#text.isEmpty) {
      throw new NoSuchReply("announced a tool call but did not send one", "remote-protocol", this.#words);
    }
    for (const call of calls) yield { type: "tool-call", call };
    if (this.#usage !== null) yield { type: "usage", usage: this.#usage };
    yield { type: "end", reason: isCut ? "length" : calls.length > 0 ? "tool-calls" : "stop" };
  }

  /** Throws {@link NoSuchReply} if the reply has neither text nor calls but contains an unreadable value. */
  refuseUnread(): void {
    if (this.#unread === undefined || !this.#text.isEmpty || this.#hasCalls || this.#words !== null) return;
    let quote = "";
    try {
      quote = JSON.stringify(this.#unread);
    } catch {
      // The value is nested too deeply to serialize.
    }
    throw new NoSuchReply("sent a reply that is neither text nor a tool call", "remote-protocol", `Content: ${quote}`);
  }

  #refuse(finish: string): void {
    const words = this.#words;
    if (failedFinishes.test(finish)) throw new NoSuchReply("aborted its reply", "remote-failed", words);
    if (filteredFinishes.test(finish)) throw new NoSuchReply("filtered its model's reply", "remote-refused", words);
    this.refuseUnread();
    // An end mark alone is not a reply. Other text beside an end without a reason may be an error message.
    const isNothing = !this.#saysSomething && (finish === "" || idleFinishes.test(finish));
    if (isNothing) throw new NoSuchReply("sent an empty reply", "remote-failed", words);
    if (words !== null && (finish === "" || !this.#saysSomething)) {
      throw new NoSuchReply("ended its reply with other text", "remote-failed", words);
    }
  }

  *#say(text: string): Generator<EngineEvent> {
    if (text !== "") for (const piece of this.#split.push(text)) yield toEvent(piece);
  }

  *#reason(text: string): Generator<EngineEvent> {
    if (text !== "") yield { type: "reasoning-delta", text };
  }
}

/** Text received so far. A server may repeat all of it at the end, and may split a surrogate pair anywhere. */
class SaidText {
  readonly #whole = new WholePieces();
  #said = "";
  #pieces = 0;

  get isEmpty(): boolean {
    return this.#pieces === 0;
  }

  /** Returns the new text in a piece. */
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
