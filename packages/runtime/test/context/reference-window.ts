import type { EngineMessage, EngineTool } from "../../src/engines/engine.js";

/** The part of an engine that a window uses. */
export interface CountingEngine {
  contextTokens: number | null;
  countTokens(text: string): number;
}

/** Text of every summary. */
export const SUMMARY = "We spoke about pumps.";

/**
 * A window that examines and counts the whole conversation at every call. The runtime's window must give the same
 * results.
 */
export class ReferenceWindow {
  readonly #engine: CountingEngine;
  readonly #instructions: string | null;
  readonly #summarizes: boolean;
  readonly #gone = new Set<EngineMessage>();
  #pinned: readonly EngineMessage[] = [];
  #next: { pinned: readonly EngineMessage[]; through: EngineMessage } | null = null;
  #left: EngineMessage[] = [];
  #tools: readonly EngineTool[] | null = null;

  constructor(engine: CountingEngine, instructions: string | null, summarizes: boolean) {
    this.#engine = engine;
    this.#instructions = instructions;
    this.#summarizes = summarizes;
  }

  /** Returns null if the last turn does not fit. */
  select(messages: readonly EngineMessage[], tools: readonly EngineTool[]) {
    const { contextTokens } = this.#engine;
    if (contextTokens === null) return { messages: [...messages], leftTurns: 0, isSummarized: false };
    this.#tools = tools;
    const last = Math.max(
      0,
      messages.findLastIndex(({ role }) => role === "user"),
    );
    const needed = this.#fixed() + this.#cost(messages.slice(last));
    const budget = Math.floor(contextTokens * 0.75);
    if (needed > budget) return null;
    const begun = this.#begin(messages);
    const pinned = this.#within(this.#pinned, budget - needed);
    if (this.#cost([...pinned, ...messages.slice(begun, last)]) <= budget - needed) {
      return { messages: [...pinned, ...messages.slice(begun)], leftTurns: 0, isSummarized: false };
    }
    const covered = this.#next === null ? -1 : messages.indexOf(this.#next.through);
    this.#pinned = this.#next?.pinned ?? this.#pinned;
    const shown = this.#within(this.#pinned, budget - needed);
    const room = budget / 2 - needed - this.#cost(shown);
    const start = Math.max(begun, this.#newest(messages.slice(0, last), room));
    const uncovered = messages.slice(Math.max(begun, covered + 1), start);
    if (this.#summarizes) {
      const left = [...this.#left, ...uncovered];
      this.#left = left.slice(this.#newest(left, budget));
    }
    this.#next = null;
    const leftTurns = messages.slice(begun, start).filter(({ role }) => role === "user").length;
    for (const message of messages.slice(begun, start)) this.#gone.add(message);
    return {
      messages: [...shown, ...messages.slice(start)],
      leftTurns,
      isSummarized: shown.length > 0 && uncovered.length === 0,
    };
  }

  /** `request` returns the request for a summary of this length. */
  summarize(conversation: readonly EngineMessage[], request: (tokens: number) => EngineMessage): boolean {
    const { contextTokens } = this.#engine;
    if (!this.#summarizes || this.#tools === null || contextTokens === null) return false;
    const maxTokens = Math.min(256, Math.floor(contextTokens / 8));
    if (maxTokens < 16) return false;
    const source = this.#left.length > 0 ? this.#left : this.#filled(conversation, contextTokens);
    if (source === null) return false;
    let room = contextTokens - maxTokens - this.#fixed() - this.#cost([...this.#pinned, request(maxTokens)]);
    let end = 0;
    let isWhole = true;
    for (const [index, message] of source.entries()) {
      if (message.role === "user") end = index;
      room -= this.#cost([message]);
      if (room < 0) {
        isWhole = false;
        break;
      }
    }
    const turns = isWhole ? source : source.slice(0, end);
    const last = turns.at(-1);
    if (last === undefined) {
      this.#left = [];
      return false;
    }
    const pinned: EngineMessage[] = [
      { role: "user", content: `What we said before, in brief:\n${SUMMARY}` },
      { role: "assistant", content: "I remember." },
    ];
    if (source === this.#left) {
      this.#pinned = pinned;
      this.#left = this.#left.slice(turns.length);
    } else this.#next = { pinned, through: last };
    return true;
  }

  #filled(conversation: readonly EngineMessage[], contextTokens: number): readonly EngineMessage[] | null {
    const shown = conversation.slice(this.#begin(conversation));
    const budget = contextTokens * 0.75;
    if (this.#fixed() + this.#cost([...this.#pinned, ...shown]) <= (budget * 2) / 3) return null;
    if (this.#next === null) return shown;
    const question = shown.filter(({ role }) => role === "user").slice(-1);
    const needed = this.#fixed() + this.#cost([...question, ...this.#next.pinned]);
    const start = this.#newest(shown, budget / 2 - needed);
    return shown.indexOf(this.#next.through) + 1 >= start ? null : shown;
  }

  #begin(messages: readonly EngineMessage[]): number {
    const begin = messages.findIndex((message) => !this.#gone.has(message));
    return begin < 0 ? messages.length : begin;
  }

  #within(pinned: readonly EngineMessage[], tokens: number): readonly EngineMessage[] {
    return this.#cost(pinned) <= tokens ? pinned : [];
  }

  /** Returns the index where the newest complete turns begin that fit the budget. */
  #newest(messages: readonly EngineMessage[], tokens: number): number {
    let start = messages.length;
    for (let index = messages.length - 1; index >= 0 && this.#cost(messages.slice(index)) <= tokens; index--) {
      if (messages[index]?.role === "user") start = index;
    }
    return start;
  }

  #fixed(): number {
    const tools = (this.#tools ?? []).map(({ name, description, inputSchema }) =>
      JSON.stringify({ name, description, inputSchema }),
    );
    const instructions = this.#instructions === null ? [] : [this.#instructions];
    const overhead = tools.length === 0 ? 0 : 64;
    return [...tools, ...instructions].reduce((sum, text) => sum + this.#engine.countTokens(text) + 8, overhead);
  }

  #cost(messages: readonly EngineMessage[]): number {
    const textOf = ({ content, tool_calls = [] }: EngineMessage) =>
      [content, ...tool_calls.map((call) => JSON.stringify(call))].join("\n");
    return messages.reduce((sum, message) => sum + this.#engine.countTokens(textOf(message)) + 8, 0);
  }
}
