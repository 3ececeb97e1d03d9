import { rm } from "node:fs/promises";
import path from "node:path";
import { EvaluatedText } from "./evaluated-text.js";
import type { CachedPrompt, PromptCache } from "./prompt-cache.js";
import { isIntact, type StateData, writeStateData } from "./state-data.js";
import { openStatesFolder } from "./states-folder.js";

/** Most bytes of all states together. */
const MAX_BYTES = 256 * 2 ** 20;
/** Beginnings that are kept: the instructions of two agents, or of two clients. */
const MAX_BEGINNINGS = 2;
/** Conversations that are kept beside the one in the cache. */
const MAX_CONVERSATIONS = 2;
/** Tokens that are evaluated in less time are not worth a file. */
const LEAST_MILLISECONDS = 250;
/** Least ratio of the time to evaluate the tokens of a state to the time to save and load it. */
const LEAST_GAIN = 2;
/**
 * A state of a conversation is written whenever another one takes its place, so what is written in an hour is limited:
 * 6 GB a day wear out an SD card of 16 GB in 8 years.
 */
const WRITTEN_BYTES_PER_HOUR = 256 * 2 ** 20;
const HOUR_MILLISECONDS = 3_600_000;

type Kind = "beginning" | "conversation";

/** The part of a model that reads and writes states. */
export interface StateModel {
  readonly contextTokens: number;
  saveTo(file: string, tokens: readonly number[]): Promise<number>;
  /** Replaces the content of the context. Resolves with its tokens. */
  loadFrom(file: string): Promise<number[]>;
}

export interface KeptStatesOptions {
  /** The user's cache folder. The states are in a folder of their own in it, until the engine is closed. */
  caches: string;
  /** Whether states are kept and loaded even where evaluating their tokens is faster. For tests. Default: false. */
  keepsAll?: boolean | undefined;
  /** Clock in milliseconds. Default: wall-clock time. */
  clock?: (() => number) | undefined;
}

interface KeptState extends StateData {
  kind: Kind;
  file: string;
  content: CachedPrompt;
  /** Whether tokens can be removed from its end. */
  isCuttable: boolean;
}

type Tokenize = (text: string, isWhole: boolean) => Iterable<number>;

/**
 * States of a model's context on disk, so that what several conversations share, and the conversations that alternate,
 * are not evaluated again and again.
 *
 * - A *beginning*: what a prompt has in common with an earlier one, for a model that cannot forget the end of a
 *   conversation. It is evaluated once more up to there, and later prompts load it.
 * - A *conversation*: the content of the cache, if another conversation takes its place.
 *
 * A state is only kept and loaded where this takes far less time than evaluating its tokens. A damaged file is not
 * loaded.
 */
export class KeptStates {
  readonly #cache: PromptCache;
  readonly #model: StateModel;
  readonly #options: KeptStatesOptions | null;
  readonly #clock: () => number;
  /** The oldest use first. */
  #states: KeptState[] = [];
  /** Null before the first state, and after a failure to write one. */
  #folder: string | null = null;
  #isOff: boolean;
  /** Whether tokens can be removed from the end of loaded states, as far as it is known. */
  #areCuttable = true;
  #count = 0;
  /** Length of the beginning that the next prompt makes worth keeping, in tokens. 0: none. */
  #boundary = 0;
  /** Bytes of conversations that may be written, at this time. */
  #allowance = { bytes: WRITTEN_BYTES_PER_HOUR, at: 0 };
  /** Measured costs. Unknown costs count as none, so that they are measured. */
  #saveMillisecondsPerByte = 0;
  #loadMillisecondsPerByte = 0;
  #bytesPerToken = 0;

  /** `options` null: nothing is kept. */
  constructor(cache: PromptCache, model: StateModel, options: KeptStatesOptions | null) {
    this.#cache = cache;
    this.#model = model;
    this.#options = options;
    this.#isOff = options === null;
    this.#clock = options?.clock ?? (() => performance.now());
    this.#allowance.at = this.#clock();
  }

  /** Makes the cache hold as much of a prompt as possible. Keeps the conversation in it if it is worth that. */
  async select(text: string, tokenize: Tokenize): Promise<void> {
    if (this.#isOff) return;
    const current = this.#cache.content;
    if (continues(current, text)) return;
    const fit = new PromptFit(text, tokenize);
    const ownOf = (content: CachedPrompt) => fit.usable(content, (tokens) => this.#cache.canCut(tokens));
    const own = ownOf(current);
    let best: KeptState | null = null;
    let most = own;
    for (const state of this.#states) {
      if (state.content.tokens.length >= this.#model.contextTokens) continue;
      const usable = fit.usable(state.content, () => state.isCuttable && this.#areCuttable);
      if (usable > most) [best, most] = [state, usable];
    }
    const loads = best !== null && this.#millisecondsFor(most - own) > best.bytes * this.#loadMillisecondsPerByte;
    // The newest use is the last to make room for another state.
    if (best !== null && loads) this.#states = [...this.#states.filter((state) => state !== best), best];
    await this.#keepConversation(loads ? 0 : own);
    if (best === null || !loads) return;
    // The next best takes the place of a state that was damaged, or turned out not to be cuttable.
    const isUsable = (await this.#load(best)) && ownOf(this.#cache.content) >= most;
    if (!isUsable) await this.select(text, tokenize);
  }

  /** Same as that of the cache. Notes the beginning that the prompt shares with contents that cannot be cut there. */
  keepCommonPrefix(tokens: readonly number[]): number {
    const inCache = commonLength(this.#cache.content.tokens, tokens);
    const isCuttable = (state: KeptState) => state.isCuttable && this.#areCuttable;
    const known = this.#states.flatMap((state) => (isCuttable(state) ? [] : [state.content.tokens]));
    const inStates = known.map((other) => commonLength(other, tokens));
    const shared = Math.max(this.#cache.canCut(inCache) ? 0 : inCache, ...inStates);
    const kept = this.#cache.keepCommonPrefix(tokens);
    const isWorth = !this.#isOff && shared > kept && this.#millisecondsFor(shared - kept) >= LEAST_MILLISECONDS;
    this.#boundary = isWorth ? shared : 0;
    return kept;
  }

  /** Same as that of the cache. Keeps the beginning that {@link keepCommonPrefix} has noted. */
  async prefill(...[tokens, isAborted, onProgress]: Parameters<PromptCache["prefill"]>): Promise<"done" | "aborted"> {
    const boundary = this.#boundary;
    this.#boundary = 0;
    if (boundary > this.#cache.length) {
      const read = await this.#cache.prefill(tokens.slice(0, boundary), isAborted, onProgress);
      if (read === "aborted") return read;
      const isKnown = this.#states.some(({ content }) => isSame(content.tokens, this.#cache.content.tokens));
      if (!isKnown && this.#pays(boundary)) await this.#save("beginning");
    }
    return this.#cache.prefill(tokens, isAborted, onProgress);
  }

  /** Removes all states. */
  async close(): Promise<void> {
    this.#isOff = true;
    this.#states = [];
    if (this.#folder !== null) await rm(this.#folder, { recursive: true, force: true }).catch(() => {});
  }

  /** Keeps the cached conversation, of which only `left` tokens stay in the cache. */
  async #keepConversation(left: number): Promise<void> {
    const { tokens } = this.#cache.content;
    const isPart = ({ content }: KeptState) => isSame(content.tokens, tokens.slice(0, content.tokens.length));
    const parts = this.#states.filter(isPart);
    const kept = Math.max(left, ...parts.map(({ content }) => content.tokens.length));
    const bytes = tokens.length * this.#bytesPerToken;
    if (this.#millisecondsFor(tokens.length - kept) < LEAST_MILLISECONDS) return;
    if (!this.#pays(tokens.length - kept, bytes) || !this.#mayWrite(bytes)) return;
    // An earlier part of the same conversation is not needed any more.
    for (const state of parts) if (state.kind === "conversation") await this.#remove(state);
    const saved = await this.#save("conversation");
    this.#allowance.bytes -= saved;
  }

  /** Writes the content of the cache. Returns the number of bytes, or 0 if nothing is kept. */
  async #save(kind: Kind): Promise<number> {
    this.#cache.forgetAhead();
    const { tokens, text, marks } = this.#cache.content;
    const content = { tokens: [...tokens], text, marks: [...marks] };
    try {
      this.#folder ??= await openStatesFolder(this.#options?.caches ?? "");
      if (this.#folder === null) throw new Error("no folder");
      const file = path.join(this.#folder, `${++this.#count}.kv`);
      const began = this.#clock();
      const data = await writeStateData(file, (file) => this.#model.saveTo(file, content.tokens));
      this.#saveMillisecondsPerByte = (this.#clock() - began) / data.bytes;
      this.#bytesPerToken = data.bytes / tokens.length;
      const isCuttable = this.#cache.canCut(1);
      this.#states.push({ kind, file, content, isCuttable, ...data });
      await this.#makeRoom();
      return data.bytes;
    } catch {
      // Without a folder, or on a full disk, conversations are only evaluated again.
      this.#isOff = true;
      return 0;
    }
  }

  async #makeRoom(): Promise<void> {
    const most = { beginning: MAX_BEGINNINGS, conversation: MAX_CONVERSATIONS };
    for (const kind of ["beginning", "conversation"] as const) {
      const alike = this.#states.filter((state) => state.kind === kind);
      for (const state of alike.slice(0, Math.max(0, alike.length - most[kind]))) await this.#remove(state);
    }
    const bytes = () => this.#states.reduce((sum, state) => sum + state.bytes, 0);
    for (const state of [...this.#states]) if (bytes() > MAX_BYTES) await this.#remove(state);
  }

  /** Returns false for a state that cannot be loaded, which is then removed. */
  async #load(state: KeptState): Promise<boolean> {
    const began = this.#clock();
    try {
      if (!(await isIntact(state.file, state))) throw new Error("The file was changed.");
      const tokens = await this.#model.loadFrom(state.file);
      this.#cache.restore({ ...state.content, tokens });
      this.#loadMillisecondsPerByte = (this.#clock() - began) / state.bytes;
      // A file has only the cells of a sliding window that are still needed.
      if (!this.#cache.canCut(1)) this.#areCuttable = false;
      return true;
    } catch {
      this.#cache.forget();
      await this.#remove(state);
      return false;
    }
  }

  async #remove(state: KeptState): Promise<void> {
    this.#states = this.#states.filter((other) => other !== state);
    await rm(state.file, { force: true }).catch(() => {});
  }

  /** Time to evaluate tokens, as far as it is known. */
  #millisecondsFor(tokens: number): number {
    if (this.#options?.keepsAll === true) return tokens > 0 ? Number.POSITIVE_INFINITY : 0;
    return tokens * this.#cache.millisecondsPerToken;
  }

  /** Whether saving and loading a state takes far less time than evaluating these tokens of it. */
  #pays(tokens: number, bytes = tokens * this.#bytesPerToken): boolean {
    const milliseconds = bytes * (this.#saveMillisecondsPerByte + this.#loadMillisecondsPerByte);
    return this.#millisecondsFor(tokens) >= LEAST_GAIN * milliseconds;
  }

  #mayWrite(bytes: number): boolean {
    const now = this.#clock();
    const more = ((now - this.#allowance.at) / HOUR_MILLISECONDS) * WRITTEN_BYTES_PER_HOUR;
    this.#allowance = { bytes: Math.min(WRITTEN_BYTES_PER_HOUR, this.#allowance.bytes + more), at: now };
    return this.#allowance.bytes > bytes;
  }
}

/** Compares a prompt with evaluated contents. */
class PromptFit {
  readonly #text: string;
  readonly #tokenize: Tokenize;
  #whole: readonly number[] | null = null;

  constructor(text: string, tokenize: Tokenize) {
    this.#text = text;
    this.#tokenize = tokenize;
  }

  /** Returns the number of tokens that the prompt need not evaluate if it starts from a content. */
  usable(content: CachedPrompt, canCut: (tokens: number) => boolean): number {
    const tokens = this.#tokensAfter(content);
    // The last token is evaluated in any case, for its logits.
    const common = Math.min(commonLength(content.tokens, tokens), tokens.length - 1);
    return common === content.tokens.length || canCut(common) ? common : 0;
  }

  #tokensAfter({ tokens, text, marks }: CachedPrompt): readonly number[] {
    const mark = new EvaluatedText(text, marks).lastMarkIn(this.#text);
    if (mark.tokens > 0) {
      return [...tokens.slice(0, mark.tokens), ...this.#tokenize(this.#text.slice(mark.characters), false)];
    }
    this.#whole ??= [...this.#tokenize(this.#text, true)];
    return this.#whole;
  }
}

/** Whether a prompt continues a content, so that nothing of it is lost. */
function continues({ tokens, text, marks }: CachedPrompt, prompt: string): boolean {
  return marks.at(-1)?.tokens === tokens.length && prompt.startsWith(text);
}

function isSame(one: readonly number[], other: readonly number[]): boolean {
  return one.length === other.length && commonLength(one, other) === one.length;
}

function commonLength(one: readonly number[], other: readonly number[]): number {
  const longest = Math.min(one.length, other.length);
  let common = 0;
  while (common < longest && one[common] === other[common]) common += 1;
  return common;
}
