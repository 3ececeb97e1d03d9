import type { Engine, EngineMessage, EngineTool } from "../engines/engine.js";
import { NanoRuntimeError } from "../nano-runtime-error.js";
import { adviseOnContext, contextFor, REPLY_SHARE, requestBudget } from "./context-budget.js";
import { TokenCounts } from "./token-counts.js";

/**
 * When the window is full, turns are dropped until it is filled to this share. Every drop changes the beginning of the
 * prompt, and the engine then reads all of it again, so it must not happen with every message.
 */
const REFILL_SHARE = 0.5;
/** Share from which turns will be dropped soon. A summary of them is then written in advance. */
const SUMMARIZE_SHARE = 2 / 3;
/** Longest summary, as a share of the context. */
const SUMMARY_SHARE = 1 / 8;
const MAX_SUMMARY_TOKENS = 256;
/** Shortest useful summary. */
const MIN_SUMMARY_TOKENS = 16;

export interface WindowOptions {
  /** Whether dropped turns are summarized. Default: false. */
  summarizes?: boolean | undefined;
}

/** The part of a conversation to show to an engine. */
export interface WindowSelection {
  /** A copy: the summary, if there is one, and then complete turns, the last of which is to be continued. */
  messages: readonly EngineMessage[];
  /** Number of turns that were just dropped. */
  leftTurns: number;
  /** Whether the summary covers them. */
  isSummarized: boolean;
}

/** Position of a window, from which another one can continue. Turns are counted back from the newest. */
export interface WindowState {
  shownTurns: number;
  /** The current summary. */
  summary: string | null;
  /** The summary that replaces it when more turns are dropped, and the number of turns after those that it covers. */
  next: { summary: string; turnsSince: number } | null;
}

const NO_MESSAGES: readonly EngineMessage[] = [];

interface Pinned {
  summary: string;
  messages: readonly EngineMessage[];
}

/**
 * The part of a conversation that an engine sees. The window grows with the conversation and keeps its first message,
 * so that each prompt extends the previous one, until it is full. Then the oldest turns are dropped, never a tool's
 * result without its call. A summary may replace them.
 */
export class ContextWindow {
  readonly #engine: Engine;
  /** Instructions of the last request. */
  #instructions: string | null;
  readonly #summarizes: boolean;
  /** The last message before the window, or null if none was dropped. */
  #gone: EngineMessage | null = null;
  /** Index of the first message in the window, as long as {@link #gone} is before it. */
  #begin = 0;
  /** The last list that was shown, its summary, and the index of the messages after the summary in the conversation. */
  #shown: { list: EngineMessage[]; pinned: readonly EngineMessage[]; begun: number } | null = null;
  /** Tokens of the shown messages before the current turn, and the last of these messages. */
  #counted: { begun: number; last: number; through: EngineMessage | undefined; tokens: number } | null = null;
  #pinned: Pinned | null = null;
  /** Summary for the next drop, and the last message that it covers. */
  #next: { pinned: Pinned; through: EngineMessage } | null = null;
  /** Dropped turns that are in no summary yet. */
  #left: EngineMessage[] = [];
  #summaryFailed = false;
  /** The tools that the engine was last offered, or null before the first request. */
  #tools: readonly EngineTool[] | null = null;
  readonly #tokens: TokenCounts;

  constructor(engine: Engine, instructions: string | null, { summarizes = false }: WindowOptions = {}) {
    this.#engine = engine;
    this.#instructions = instructions;
    this.#summarizes = summarizes;
    this.#tokens = new TokenCounts(engine, instructions);
  }

  /** Sets the instructions of the next requests. */
  set instructions(instructions: string | null) {
    this.#instructions = instructions;
    this.#tokens.instructions = instructions;
  }

  /**
   * Returns the part of `messages` to show. Together with the instructions, the tools and room for the reply it fits
   * the engine's context. It begins with a user message and ends with the complete last turn. Throws
   * {@link NanoRuntimeError} `context-exceeded` if the last turn alone does not fit.
   */
  select(
    messages: readonly EngineMessage[],
    tools: readonly EngineTool[] = [],
  ): WindowSelection | Promise<WindowSelection> {
    const { contextTokens } = this.#engine;
    if (contextTokens !== null) return this.#selectWithin(contextTokens, messages, tools);
    return { messages: this.#show(NO_MESSAGES, messages, 0), leftTurns: 0, isSummarized: false };
  }

  async #selectWithin(
    before: number,
    messages: readonly EngineMessage[],
    tools: readonly EngineTool[],
  ): Promise<WindowSelection> {
    this.#tools = tools;
    const begun = this.#beginOf(messages);
    await this.#growFor(messages.slice(begun), tools, { isCounted: false });
    await this.#tokens.countAhead(messages, this.#countedThrough(messages), tools);
    await this.#growFor(messages.slice(begun), tools, { isCounted: true });
    const last = Math.max(
      0,
      messages.findLastIndex(({ role }) => role === "user"),
    );
    const fixed = await this.#tokens.ofRequest(tools);
    const needed = fixed + (await this.#tokens.ofAll(messages.slice(last)));
    // If the engine was restarted for counting, its context may have changed.
    const budget = requestBudget(this.#engine.contextTokens ?? before);
    if (needed > budget) throw this.#exceeded(needed, fixed, budget);
    const pinned = await this.#pinnedWithin(budget - needed, this.#pinned);
    if (await this.#fits(messages, begun, last, budget - needed - pinned.tokens)) {
      return { messages: this.#show(pinned.messages, messages, begun), leftTurns: 0, isSummarized: false };
    }
    return this.#moveOn(messages, { begun, last, needed, budget });
  }

  /** Keeps the last shown list unchanged, because the engine may still read it. */
  keepShown(): void {
    this.#shown = null;
  }

  /**
   * Summarizes dropped turns, or those about to be dropped, if this is enabled. Resolves with whether there is a new
   * summary; without one, the turns are dropped. Never rejects. `conversation` is complete, up to the last reply.
   */
  async summarize(conversation: readonly EngineMessage[], signal: AbortSignal): Promise<boolean> {
    const tools = this.#tools;
    const { contextTokens } = this.#engine;
    if (!this.#summarizes || this.#summaryFailed || tools === null || contextTokens === null) return false;
    const maxTokens = Math.min(MAX_SUMMARY_TOKENS, Math.floor(contextTokens * SUMMARY_SHARE));
    if (maxTokens < MIN_SUMMARY_TOKENS) return false;
    const hasLeft = this.#left.length > 0;
    // A turn may begin in the meantime and extend the conversation.
    const held = hasLeft ? this.#left : conversation.slice(this.#beginOf(conversation));
    try {
      const { askForSummary, summarizeTurns } = await import("./summarize-turns.js");
      // If the context can still grow, turns are dropped later.
      if (!hasLeft && this.#engine.longestContextTokens != null) return false;
      const source = hasLeft ? held : await this.#filledWindow(held, tools);
      if (source === null) return false;
      const before = this.#pinned?.messages ?? [];
      const taken =
        (await this.#tokens.ofRequest(tools)) + (await this.#tokens.ofAll([...before, askForSummary(maxTokens)]));
      const turns = await this.#oldest(source, contextTokens - maxTokens - taken);
      const last = turns.at(-1);
      if (last === undefined) {
        this.#left = [];
        return false;
      }
      const request = { instructions: this.#instructions, messages: [...before, ...turns], tools };
      const summary = await summarizeTurns(this.#engine, request, { maxTokens, signal });
      if (signal.aborted) return false;
      if (summary === null) throw new Error("the engine gave no summary");
      if (hasLeft) {
        this.#pinned = pin(summary);
        this.#left = this.#left.slice(turns.length);
      } else this.#next = { pinned: pin(summary), through: last };
      return true;
    } catch {
      // The next attempt follows when more turns are dropped.
      if (!signal.aborted) this.#summaryFailed = true;
      return false;
    }
  }

  /** Returns the state. `conversation` is complete, up to the last reply. */
  state(conversation: readonly EngineMessage[]): WindowState {
    const turnsFrom = (index: number) => countTurns(conversation.slice(index));
    const next = this.#next;
    return {
      shownTurns: turnsFrom(this.#beginOf(conversation)),
      summary: this.#pinned?.summary ?? null,
      next:
        next === null
          ? null
          : { summary: next.pinned.summary, turnsSince: turnsFrom(conversation.indexOf(next.through) + 1) },
    };
  }

  /** Continues from the state of another window, as far as the conversation is available. */
  restore(conversation: readonly EngineMessage[], { shownTurns, summary, next }: WindowState): void {
    const turns = conversation.flatMap(({ role }, index) => (role === "user" ? [index] : []));
    const beginOf = (newest: number) => turns[turns.length - newest] ?? conversation.length;
    if (turns.length > shownTurns) this.#leaveBehind(conversation, beginOf(shownTurns));
    if (!this.#summarizes) return;
    this.#pinned = summary === null ? null : pin(summary);
    const through = next === null ? undefined : conversation[beginOf(next.turnsSince) - 1];
    this.#next = next === null || through === undefined ? null : { pinned: pin(next.summary), through };
  }

  #beginOf(messages: readonly EngineMessage[]): number {
    if (this.#gone === null || messages[this.#begin - 1] === this.#gone) return this.#begin;
    // The history has dropped its oldest turns: all dropped messages, or only some.
    this.#begin = messages.indexOf(this.#gone) + 1;
    if (this.#begin === 0) this.#gone = null;
    return this.#begin;
  }

  #leaveBehind(messages: readonly EngineMessage[], begin: number): void {
    this.#gone = messages[begin - 1] ?? null;
    this.#begin = this.#gone === null ? 0 : begin;
  }

  /**
   * Returns the list to show. If only new messages were added, it extends the previous list, because copying a long
   * history at every turn would cost more than the turn.
   */
  #show(pinned: readonly EngineMessage[], messages: readonly EngineMessage[], begun: number): readonly EngineMessage[] {
    const shown = this.#shown;
    if (shown !== null && shown.begun === begun && shown.pinned === pinned) {
      const { list } = shown;
      const end = begun + list.length - pinned.length;
      if (end > begun && end <= messages.length && messages[end - 1] === list.at(-1)) {
        for (let index = end; index < messages.length; index++) list.push(messages[index] as EngineMessage);
        return list;
      }
    }
    const list = [...pinned, ...(begun === 0 ? messages : messages.slice(begun))];
    this.#shown = { list, pinned, begun };
    return list;
  }

  /**
   * Grows the context, if possible, before any of these messages would be dropped. Messages that were counted for an
   * earlier request give a lower bound, so that an engine that is not loaded yet starts with enough.
   */
  async #growFor(
    messages: readonly EngineMessage[],
    tools: readonly EngineTool[],
    { isCounted }: { isCounted: boolean },
  ): Promise<void> {
    const { contextTokens, longestContextTokens } = this.#engine;
    if (this.#engine.growContext === undefined || contextTokens === null || longestContextTokens == null) return;
    const most = requestBudget(longestContextTokens);
    let needed = isCounted ? await this.#tokens.ofRequest(tools) : this.#tokens.knownInstructions;
    const shown = [...(this.#pinned?.messages ?? []), ...messages];
    let isTurnWhole = false;
    for (let index = shown.length - 1; index >= 0 && needed <= most; index--) {
      const message = shown[index] as EngineMessage;
      needed += isCounted ? await this.#tokens.of(message) : this.#tokens.known(message);
      // A turn that does not fit any context is rejected, so growing would waste memory.
      if (needed > most && !isTurnWhole) return;
      isTurnWhole ||= message.role === "user";
    }
    if (needed > requestBudget(contextTokens)) await this.#engine.growContext(contextFor(needed));
  }

  /** Drops turns until there is room again. */
  async #moveOn(
    messages: readonly EngineMessage[],
    { begun, last, needed, budget }: { begun: number; last: number; needed: number; budget: number },
  ): Promise<WindowSelection> {
    const covered = this.#next === null ? -1 : messages.indexOf(this.#next.through);
    const next = this.#next?.pinned ?? this.#pinned;
    const pinned = await this.#pinnedWithin(budget - needed, next);
    const room = budget * REFILL_SHARE - needed - pinned.tokens;
    const start = Math.max(begun, await this.#newest(messages, last, room));
    const uncovered = messages.slice(Math.max(begun, covered + 1), start);
    const left = this.#summarizes ? await this.#newestOf([...this.#left, ...uncovered], budget) : [];
    this.#pinned = next;
    this.#next = null;
    this.#left = left;
    this.#summaryFailed = false;
    if (start > begun) this.#leaveBehind(messages, start);
    return {
      messages: this.#show(pinned.messages, messages, start),
      leftTurns: countTurns(messages.slice(begun, start)),
      isSummarized: pinned.messages.length > 0 && uncovered.length === 0,
    };
  }

  /** Returns the summary, if there is room for it besides the required messages. */
  async #pinnedWithin(
    tokens: number,
    pinned: Pinned | null,
  ): Promise<{ messages: readonly EngineMessage[]; tokens: number }> {
    const messages = pinned?.messages ?? NO_MESSAGES;
    const cost = await this.#tokens.ofAll(messages);
    return cost <= tokens ? { messages, tokens: cost } : { messages: NO_MESSAGES, tokens: 0 };
  }

  /** Returns the shown turns if they will be dropped soon and no summary covers them. */
  async #filledWindow(
    shown: readonly EngineMessage[],
    tools: readonly EngineTool[],
  ): Promise<readonly EngineMessage[] | null> {
    const fixed = await this.#tokens.ofRequest(tools);
    const used = fixed + (await this.#tokens.ofAll([...(this.#pinned?.messages ?? []), ...shown]));
    const budget = (this.#engine.contextTokens ?? 0) * (1 - REPLY_SHARE);
    if (used <= budget * SUMMARIZE_SHARE) return null;
    if (this.#next === null) return shown;
    // Would another message of this size, sent now, push out the newer ones?
    const question = await this.#tokens.of(shown.findLast(({ role }) => role === "user"));
    const needed = fixed + question + (await this.#tokens.ofAll(this.#next.pinned.messages));
    const start = await this.#newest(shown, shown.length, budget * REFILL_SHARE - needed);
    return shown.indexOf(this.#next.through) + 1 >= start ? null : shown;
  }

  /** Whether the shown messages before the current turn fit the budget. Counts them once, and then per turn. */
  async #fits(messages: readonly EngineMessage[], begun: number, last: number, budget: number): Promise<boolean> {
    const known = this.#counted;
    const isKnown =
      known !== null && known.begun === begun && known.last <= last && messages[known.last - 1] === known.through;
    const start = isKnown ? known.last : begun;
    let tokens = isKnown ? known.tokens : 0;
    for (let index = last - 1; index >= start && tokens <= budget; index--) {
      tokens += await this.#tokens.of(messages[index]);
    }
    this.#counted = tokens <= budget ? { begun, last, through: messages[last - 1], tokens } : null;
    return tokens <= budget;
  }

  /** Returns the index in the conversation up to which all shown messages were counted. */
  #countedThrough(messages: readonly EngineMessage[]): number {
    const { last = 0, through } = this.#counted ?? {};
    return last > 0 && messages[last - 1] === through ? last : 0;
  }

  /** Returns the index where the newest complete turns before `end` begin that fit the budget. */
  async #newest(messages: readonly EngineMessage[], end: number, budget: number): Promise<number> {
    let used = 0;
    let start = end;
    for (let index = end - 1; index >= 0; index--) {
      used += await this.#tokens.of(messages[index]);
      if (used > budget) break;
      // The window may only begin at the start of a turn, with a user message.
      if (messages[index]?.role === "user") start = index;
    }
    return start;
  }

  async #newestOf(messages: readonly EngineMessage[], budget: number): Promise<EngineMessage[]> {
    return messages.slice(await this.#newest(messages, messages.length, budget));
  }

  /** Returns the oldest complete turns that fit the budget. */
  async #oldest(messages: readonly EngineMessage[], budget: number): Promise<readonly EngineMessage[]> {
    let used = 0;
    let end = 0;
    for (const [index, message] of messages.entries()) {
      if (message.role === "user") end = index;
      used += await this.#tokens.of(message);
      if (used > budget) return messages.slice(0, end);
    }
    return messages;
  }

  #exceeded(needed: number, fixed: number, budget: number): NanoRuntimeError {
    const context = `the engine's context of ${this.#engine.contextTokens}`;
    return new NanoRuntimeError({
      code: "context-exceeded",
      message: `The message needs ${needed} tokens, ${needed - budget} more than the ${budget} free in ${context}.`,
      reason: fixed === 0 ? undefined : `The instructions and the tools take ${fixed} of them.`,
      hint: adviseOnContext({
        fixedTokens: fixed,
        neededTokens: needed,
        budget,
        trainedTokens: this.#engine.trainedTokens ?? null,
      }),
    });
  }
}

/** Returns a summary as the first turn, so that the words of people and tools get no extra weight in it. */
function pin(summary: string): Pinned {
  return {
    summary,
    messages: [
      { role: "user", content: `What we said before, in brief:\n${summary}` },
      { role: "assistant", content: "I remember." },
    ],
  };
}

function countTurns(messages: readonly EngineMessage[]): number {
  return messages.filter(({ role }) => role === "user").length;
}
