import type { Engine, EngineMessage, EngineTool } from "../engines/engine.js";
import { NanoRuntimeError } from "../nano-runtime-error.js";
import { adviseOnContext, contextFor, REPLY_SHARE, requestBudget } from "./context-budget.js";
import { TokenCounts } from "./token-counts.js";

/**
 * When the window is full, turns leave until it is filled to this share. Whatever leaves changes the beginning of the
 * prompt, and an engine then reads all of it again: so it is to happen seldom, and not with every message.
 */
const REFILL_SHARE = 0.5;
/** From here on turns will leave before long: what a summary is to keep of them is written beforehand. */
const SUMMARIZE_SHARE = 2 / 3;
/** A summary takes no more of the context, and no more tokens. */
const SUMMARY_SHARE = 1 / 8;
const MAX_SUMMARY_TOKENS = 256;
/** With less there is no saying anything. */
const MIN_SUMMARY_TOKENS = 16;

export interface WindowOptions {
  /** Whether what leaves is summarized. Default: false. */
  summarizes?: boolean | undefined;
}

/** What an engine is shown. */
export interface WindowSelection {
  /** The summary, where there is one, and then whole turns: the last one is to be gone on with. A list of its own. */
  messages: readonly EngineMessage[];
  /** The turns that have just left. */
  leftTurns: number;
  /** Whether the summary has what was in them. */
  isSummarized: boolean;
}

/** Where a window stands, so that another one goes on from there. Turns are counted from the newest one back. */
export interface WindowState {
  shownTurns: number;
  /** The summary that is shown. */
  summary: string | null;
  /** The one that takes its place when the next turns leave, and how many turns came after those that it has. */
  next: { summary: string; turnsSince: number } | null;
}

const NO_MESSAGES: readonly EngineMessage[] = [];

interface Pinned {
  summary: string;
  messages: readonly EngineMessage[];
}

/**
 * What of a conversation an engine is shown. The window grows with the conversation and begins with the same message,
 * so that each prompt goes on from the one before, until it is full; then the oldest whole turns leave, a tool's result
 * never without its call. In their place there may be a summary.
 */
export class ContextWindow {
  readonly #engine: Engine;
  readonly #instructions: string | null;
  readonly #summarizes: boolean;
  /** The last message that has left the window, which begins behind it; null where none has. */
  #gone: EngineMessage | null = null;
  /** The place where the window begins, as long as {@link #gone} is before it. */
  #begin = 0;
  /** The list that was shown last, with the summary that it begins with and the place of what follows in the conversation. */
  #shown: { list: EngineMessage[]; pinned: readonly EngineMessage[]; begun: number } | null = null;
  /** Tokens of what is shown before the turn that runs, and the last message of it. */
  #counted: { begun: number; last: number; through: EngineMessage | undefined; tokens: number } | null = null;
  #pinned: Pinned | null = null;
  /** What is pinned when the next turns leave, and the last message that it knows of. */
  #next: { pinned: Pinned; through: EngineMessage } | null = null;
  /** Turns that have left and are in no summary. */
  #left: EngineMessage[] = [];
  #summaryFailed = false;
  /** What the engine was last told that it may call; null before it was asked for anything. */
  #tools: readonly EngineTool[] | null = null;
  readonly #tokens: TokenCounts;

  constructor(engine: Engine, instructions: string | null, { summarizes = false }: WindowOptions = {}) {
    this.#engine = engine;
    this.#instructions = instructions;
    this.#summarizes = summarizes;
    this.#tokens = new TokenCounts(engine, instructions);
  }

  /**
   * The part of `messages` to show: it fits the engine's context together with the instructions, the tools and room for
   * the reply, begins with a user's message and ends with the last turn, whole. Throws {@link NanoRuntimeError}
   * `context-exceeded` when the last turn alone does not fit.
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
    // An engine that had to be started again to count may have another context than before.
    const budget = requestBudget(this.#engine.contextTokens ?? before);
    if (needed > budget) throw this.#exceeded(needed, fixed, budget);
    const pinned = await this.#pinnedWithin(budget - needed, this.#pinned);
    if (await this.#fits(messages, begun, last, budget - needed - pinned.tokens)) {
      return { messages: this.#show(pinned.messages, messages, begun), leftTurns: 0, isSummarized: false };
    }
    return this.#moveOn(messages, { begun, last, needed, budget });
  }

  /** Has the list that was shown last stay as it is: somebody may still read it. */
  keepShown(): void {
    this.#shown = null;
  }

  /**
   * Has the engine summarize what has left or is about to, where it is to. Resolves with whether there is a new summary;
   * without one, what leaves is dropped. Never rejects. `conversation` is all of it, up to the last reply.
   */
  async summarize(conversation: readonly EngineMessage[], signal: AbortSignal): Promise<boolean> {
    const tools = this.#tools;
    const { contextTokens } = this.#engine;
    if (!this.#summarizes || this.#summaryFailed || tools === null || contextTokens === null) return false;
    const maxTokens = Math.min(MAX_SUMMARY_TOKENS, Math.floor(contextTokens * SUMMARY_SHARE));
    if (maxTokens < MIN_SUMMARY_TOKENS) return false;
    const hasLeft = this.#left.length > 0;
    // A turn may begin meanwhile, and the conversation go on.
    const held = hasLeft ? this.#left : conversation.slice(this.#beginOf(conversation));
    try {
      const { askForSummary, summarizeTurns } = await import("./summarize-turns.js");
      // A context that grows has turns leave later.
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
      // Not tried again before turns leave the next time.
      if (!signal.aborted) this.#summaryFailed = true;
      return false;
    }
  }

  /** `conversation` is all of it, up to the last reply. */
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

  /** Goes on from where another window stood, as far as the conversation is there. */
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
    // The history has dropped its oldest turns, with all that has left or without some of it.
    this.#begin = messages.indexOf(this.#gone) + 1;
    if (this.#begin === 0) this.#gone = null;
    return this.#begin;
  }

  #leaveBehind(messages: readonly EngineMessage[], begin: number): void {
    this.#gone = messages[begin - 1] ?? null;
    this.#begin = this.#gone === null ? 0 : begin;
  }

  /**
   * Returns the list of what is shown: a list of its own, and the same as before with what has come since, where nothing
   * else has changed. To copy a long history at every turn would cost more than the turn.
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
   * Has the context grow, where it can, before anything of these messages would have to leave. Before they are counted,
   * those that were counted for an earlier request tell the least that they need: an engine that is not loaded then starts
   * with enough.
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
      // A turn that fits no context is refused, and memory for a longer one would be wasted.
      if (needed > most && !isTurnWhole) return;
      isTurnWhole ||= message.role === "user";
    }
    if (needed > requestBudget(contextTokens)) await this.#engine.growContext(contextFor(needed));
  }

  /** Has turns leave until there is room again. */
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

  /** The summary, where there is room for it beside what must be shown. */
  async #pinnedWithin(
    tokens: number,
    pinned: Pinned | null,
  ): Promise<{ messages: readonly EngineMessage[]; tokens: number }> {
    const messages = pinned?.messages ?? NO_MESSAGES;
    const cost = await this.#tokens.ofAll(messages);
    return cost <= tokens ? { messages, tokens: cost } : { messages: NO_MESSAGES, tokens: 0 };
  }

  /** The turns that are shown, when they will leave before long and there is no summary that has them. */
  async #filledWindow(
    shown: readonly EngineMessage[],
    tools: readonly EngineTool[],
  ): Promise<readonly EngineMessage[] | null> {
    const fixed = await this.#tokens.ofRequest(tools);
    const used = fixed + (await this.#tokens.ofAll([...(this.#pinned?.messages ?? []), ...shown]));
    const budget = (this.#engine.contextTokens ?? 0) * (1 - REPLY_SHARE);
    if (used <= budget * SUMMARIZE_SHARE) return null;
    if (this.#next === null) return shown;
    // Were another message like the last one to come now: would it push out what came since?
    const question = await this.#tokens.of(shown.findLast(({ role }) => role === "user"));
    const needed = fixed + question + (await this.#tokens.ofAll(this.#next.pinned.messages));
    const start = await this.#newest(shown, shown.length, budget * REFILL_SHARE - needed);
    return shown.indexOf(this.#next.through) + 1 >= start ? null : shown;
  }

  /** Whether what is shown before the turn that runs takes no more than this. It is counted once, and then by turn. */
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

  /** The place in the conversation up to which all that is shown was counted. */
  #countedThrough(messages: readonly EngineMessage[]): number {
    const { last = 0, through } = this.#counted ?? {};
    return last > 0 && messages[last - 1] === through ? last : 0;
  }

  /** Where the newest whole turns before `end` begin that take no more than this. */
  async #newest(messages: readonly EngineMessage[], end: number, budget: number): Promise<number> {
    let used = 0;
    let start = end;
    for (let index = end - 1; index >= 0; index--) {
      used += await this.#tokens.of(messages[index]);
      if (used > budget) break;
      // A turn begins with the user's message: only there may the window begin.
      if (messages[index]?.role === "user") start = index;
    }
    return start;
  }

  async #newestOf(messages: readonly EngineMessage[], budget: number): Promise<EngineMessage[]> {
    return messages.slice(await this.#newest(messages, messages.length, budget));
  }

  /** The oldest whole turns that take no more than this. */
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
    return new NanoRuntimeError({
      code: "context-exceeded",
      message: `The message needs ${needed} tokens, ${needed - budget} more than the ${budget} that the engine's context of ${this.#engine.contextTokens} leaves for it.`,
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

/** A summary as the first turn of what is shown: what people and tools have said gets no other weight by it. */
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
