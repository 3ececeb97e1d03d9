import { type Decision, decide } from "../../choosing/decide.js";
import { ListEvidence, type TextScorer } from "../../choosing/evidence.js";
import type { EngineRequest, EngineTool } from "../engine.js";
import type { LoadedModel } from "./loaded-model.js";
import { ScoringContext } from "./scoring-context.js";

export interface ToolChooserOptions {
  /** Tokens of the context that scores the list of tools; the one that scores messages has a fraction of it. */
  contextTokens: number;
  threads: () => number;
}

/** A message and what it is given are short. */
const MESSAGE_CONTEXT_TOKENS = 256;
/** Tokens that are evaluated at once: the logits of each are kept. */
const BATCH_TOKENS = 16;

/** Decides by what a model finds likely whether a message needs a tool, and which. Its contexts are made when first needed. */
export class ToolChooser {
  readonly #loaded: LoadedModel;
  readonly #options: ToolChooserOptions;
  #list: ScoringContext | null = null;
  #message: ScoringContext | null = null;
  #evidence: ListEvidence | null = null;

  constructor(loaded: LoadedModel, options: ToolChooserOptions) {
    this.#loaded = loaded;
    this.#options = options;
  }

  /** Number of tokens that were evaluated so far. */
  get work(): number {
    return (this.#list?.work ?? 0) + (this.#message?.work ?? 0);
  }

  /** Decides what the last message of a request asks for; null when aborted. */
  async decide(
    { messages, tools = [], toolChoice }: EngineRequest,
    isAborted: () => boolean,
  ): Promise<Decision | null> {
    const evidence = this.#evidenceOf(tools);
    const list = await this.#open("list");
    const message = await this.#open("message");
    try {
      const scorer = (context: ScoringContext): TextScorer => ({
        score: (text, continuations, follows) => {
          if (isAborted()) throw new Aborted();
          return context.score(
            this.#tokensOf(text),
            continuations.map((part) => this.#tokensOf(part)),
            follows,
          );
        },
      });
      return await decide({
        messages,
        evidence,
        scorers: { list: scorer(list), message: scorer(message) },
        mustAct: toolChoice === "required",
      });
    } catch (error) {
      if (error instanceof Aborted) return null;
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.#list?.close();
    await this.#message?.close();
  }

  #evidenceOf(tools: readonly EngineTool[]): ListEvidence {
    const known = this.#evidence;
    const isSame = known !== null && JSON.stringify(known.tools) === JSON.stringify(tools);
    const evidence = isSame ? known : new ListEvidence(tools);
    this.#evidence = evidence;
    return evidence;
  }

  async #open(kind: "list" | "message"): Promise<ScoringContext> {
    const known = kind === "list" ? this.#list : this.#message;
    if (known !== null) return known;
    const context = await ScoringContext.open(this.#loaded, {
      contextTokens: kind === "list" ? this.#options.contextTokens : MESSAGE_CONTEXT_TOKENS,
      batchTokens: BATCH_TOKENS,
      threads: this.#options.threads(),
    });
    if (kind === "list") this.#list = context;
    else this.#message = context;
    return context;
  }

  /** What people and tools say steers nothing: control tokens in it are text. */
  #tokensOf(text: string): number[] {
    return [...this.#loaded.vocabulary.tokenize(text, false)];
  }
}

/** Thrown within a decision that nobody wants any more. */
class Aborted extends Error {}
