import type { Engine, EngineMessage, EngineTool } from "../engines/engine.js";
import { NanoRuntimeError } from "../nano-runtime-error.js";

/** The part of the context that is left free for the reply. */
const REPLY_SHARE = 0.25;
/** What a chat template puts around a message, in tokens, at most. */
const MESSAGE_OVERHEAD_TOKENS = 8;
/**
 * When the window is full, turns leave until it is filled to this share. Whatever leaves changes the beginning of the
 * prompt, and an engine then reads all of it again: so it is to happen seldom, and not with every message.
 */
const REFILL_SHARE = 0.5;

/**
 * What of a conversation an engine is shown. The window grows with the conversation and begins with the same message,
 * so that each prompt goes on from the one before, until it is full; then the oldest whole turns leave.
 */
export class ContextWindow {
  readonly #engine: Engine;
  readonly #instructions: string | null;
  /** What the window begins with; null while nothing has left it. */
  #first: EngineMessage | null = null;
  /** Tokens of each message: they do not change, and counting may mean to ask another process. */
  readonly #tokens = new WeakMap<EngineMessage | EngineTool, number>();
  #instructionTokens: number | null = null;

  constructor(engine: Engine, instructions: string | null) {
    this.#engine = engine;
    this.#instructions = instructions;
  }

  /**
   * The part of `messages` to show: it fits the engine's context together with the instructions and the tools, begins with
   * a user's message and ends with the last turn, which is whole and to be gone on with. A list of its own. Throws
   * {@link NanoRuntimeError} `context-exceeded` when the last turn alone does not fit.
   */
  async select(
    messages: readonly EngineMessage[],
    tools: readonly EngineTool[] = [],
  ): Promise<readonly EngineMessage[]> {
    if (this.#engine.contextTokens === null) return messages.slice();
    const last = Math.max(
      0,
      messages.findLastIndex(({ role }) => role === "user"),
    );
    let needed = await this.#instructionCost();
    for (const tool of tools) needed += await this.#toolCost(tool);
    for (const message of messages.slice(last)) needed += await this.#cost(message);
    // An engine that had to be started again to count may have another context than before.
    const budget = Math.floor(this.#engine.contextTokens * (1 - REPLY_SHARE));
    if (needed > budget) throw this.#exceeded(needed, budget);
    const begun = this.#first === null ? 0 : messages.indexOf(this.#first);
    if (begun >= 0 && (await this.#fits(messages, begun, last, budget - needed))) return messages.slice(begun);
    const start = await this.#newest(messages, last, Math.max(0, budget * REFILL_SHARE - needed));
    this.#first = messages[start] ?? null;
    return messages.slice(start);
  }

  async #fits(messages: readonly EngineMessage[], start: number, end: number, budget: number): Promise<boolean> {
    let used = 0;
    for (let index = end - 1; index >= start; index--) {
      used += await this.#cost(messages[index]);
      if (used > budget) return false;
    }
    return true;
  }

  /** Where the newest whole turns before `end` begin that take no more than this. */
  async #newest(messages: readonly EngineMessage[], end: number, budget: number): Promise<number> {
    let used = 0;
    let start = end;
    for (let index = end - 1; index >= 0; index--) {
      used += await this.#cost(messages[index]);
      if (used > budget) break;
      // A turn begins with the user's message: only there may the window begin.
      if (messages[index]?.role === "user") start = index;
    }
    return start;
  }

  async #instructionCost(): Promise<number> {
    if (this.#instructions === null) return 0;
    this.#instructionTokens ??= (await this.#engine.countTokens(this.#instructions)) + MESSAGE_OVERHEAD_TOKENS;
    return this.#instructionTokens;
  }

  async #cost(message: EngineMessage | undefined): Promise<number> {
    if (message === undefined) return 0;
    const known = this.#tokens.get(message);
    if (known !== undefined) return known;
    const { content, tool_calls = [] } = message;
    const calls = tool_calls.map((call) => JSON.stringify(call));
    return this.#count(message, [content, ...calls].join("\n"));
  }

  async #toolCost(tool: EngineTool): Promise<number> {
    return this.#tokens.get(tool) ?? this.#count(tool, JSON.stringify(tool));
  }

  async #count(whole: EngineMessage | EngineTool, text: string): Promise<number> {
    const tokens = (await this.#engine.countTokens(text)) + MESSAGE_OVERHEAD_TOKENS;
    this.#tokens.set(whole, tokens);
    return tokens;
  }

  #exceeded(needed: number, budget: number): NanoRuntimeError {
    return new NanoRuntimeError({
      code: "context-exceeded",
      message: `The message needs ${needed} tokens, ${needed - budget} more than the ${budget} that the engine's context of ${this.#engine.contextTokens} leaves for it.`,
      hint: "Send a shorter message, or load the model with a larger context.",
    });
  }
}
