import type { Engine, EngineMessage, EngineTool } from "../engines/engine.js";
import { MESSAGE_OVERHEAD_TOKENS, TOOLS_OVERHEAD_TOKENS, toolText } from "./context-budget.js";

type Countable = EngineMessage | EngineTool;

/** Characters of a long token. Messages with more characters per token of the context do not fit. */
const CHARACTERS_PER_TOKEN = 8;

/**
 * Cached token counts of messages and tools. Both are immutable, and counting may need a request to another process.
 */
export class TokenCounts {
  readonly #engine: Engine;
  #instructions: string | null;
  readonly #tokens = new WeakMap<Countable, number>();
  #instructionTokens: number | null = null;

  constructor(engine: Engine, instructions: string | null) {
    this.#engine = engine;
    this.#instructions = instructions;
  }

  /** Replaces the instructions, and forgets their count if they changed. */
  set instructions(instructions: string | null) {
    if (instructions === this.#instructions) return;
    this.#instructions = instructions;
    this.#instructionTokens = null;
  }

  /**
   * Counts uncounted texts in one request, if the engine can count several at once: the tools, and the newest messages
   * after `first` that may fit. Older messages are counted on demand.
   */
  async countAhead(messages: readonly EngineMessage[], first: number, tools: readonly EngineTool[]): Promise<void> {
    const contextTokens = this.#engine.longestContextTokens ?? this.#engine.contextTokens;
    if (this.#engine.countTokensOfAll === undefined || contextTokens === null) return;
    const wanted: Countable[] = tools.filter((tool) => !this.#tokens.has(tool));
    let characters = 0;
    for (
      let index = messages.length - 1;
      index >= first && characters <= contextTokens * CHARACTERS_PER_TOKEN;
      index--
    ) {
      const message = messages[index] as EngineMessage;
      characters += message.content.length;
      if (!this.#tokens.has(message)) wanted.push(message);
    }
    if (wanted.length < 2) return;
    const counts = await this.#engine.countTokensOfAll(wanted.map(textOf));
    for (const [index, whole] of wanted.entries()) {
      this.#tokens.set(whole, (counts[index] ?? 0) + MESSAGE_OVERHEAD_TOKENS);
    }
  }

  /** Returns the tokens of the instructions and the tools, which every request contains. */
  async ofRequest(tools: readonly EngineTool[]): Promise<number> {
    let tokens = tools.length === 0 ? 0 : TOOLS_OVERHEAD_TOKENS;
    for (const tool of tools) tokens += await this.of(tool);
    if (this.#instructions === null) return tokens;
    this.#instructionTokens ??= (await this.#engine.countTokens(this.#instructions)) + MESSAGE_OVERHEAD_TOKENS;
    return tokens + this.#instructionTokens;
  }

  async ofAll(messages: readonly EngineMessage[]): Promise<number> {
    let tokens = 0;
    for (const message of messages) tokens += await this.of(message);
    return tokens;
  }

  async of(whole: Countable | undefined): Promise<number> {
    if (whole === undefined) return 0;
    const known = this.#tokens.get(whole);
    if (known !== undefined) return known;
    const tokens = (await this.#engine.countTokens(textOf(whole))) + MESSAGE_OVERHEAD_TOKENS;
    this.#tokens.set(whole, tokens);
    return tokens;
  }

  /** Returns the cached count, or 0 if there is none. */
  known(message: EngineMessage): number {
    return this.#tokens.get(message) ?? 0;
  }

  /** The cached count of the instructions, see {@link known}. */
  get knownInstructions(): number {
    return this.#instructionTokens ?? 0;
  }
}

/** Returns the text that is counted for a message or a tool. */
function textOf(whole: Countable): string {
  if (!("role" in whole)) return toolText(whole);
  const { content, tool_calls = [] } = whole;
  return [content, ...tool_calls.map((call) => JSON.stringify(call))].join("\n");
}
