import { type Decision, decide } from "../../choosing/decide.js";
import { ListEvidence, listDetails, type TextScorer } from "../../choosing/evidence.js";
import type { EngineRequest, EngineTool } from "../engine.js";
import type { BatchThreads } from "./batch-threads.js";
import type { LoadedModel } from "./loaded-model.js";
import { ScoringContext } from "./scoring-context.js";

export interface ToolChooserOptions {
  /** Size of the context that scores the list of tools, in tokens. */
  contextTokens: number;
  threads: BatchThreads;
}

/** Tokens reserved for a message after the list, with a tool name and a value. */
const MESSAGE_TOKENS = 192;
/** Tokens per batch. The logits of each are kept. */
const BATCH_TOKENS = 16;

/**
 * Decides whether a message needs a tool and which one, by the likelihoods of a model. Its context is created when
 * first needed.
 */
export class ToolChooser {
  readonly #loaded: LoadedModel;
  readonly #options: ToolChooserOptions;
  #context: ScoringContext | null = null;
  #evidence: ListEvidence | null = null;

  constructor(loaded: LoadedModel, options: ToolChooserOptions) {
    this.#loaded = loaded;
    this.#options = options;
  }

  /** Number of tokens evaluated so far. */
  get work(): number {
    return this.#context?.work ?? 0;
  }

  /** Decides what the last message of a request asks for. Null if aborted. */
  async decide(
    { messages, tools = [], toolChoice }: EngineRequest,
    isAborted: () => boolean,
  ): Promise<Decision | null> {
    try {
      const scorer = this.#scorer(isAborted);
      const evidence = this.#evidenceOf(tools);
      const [mustAct, isForced] = [toolChoice === "required", toolChoice === "forced"];
      return await decide({ messages, evidence, scorer, mustAct, isForced });
    } catch (error) {
      if (error instanceof Aborted) return null;
      throw error;
    }
  }

  /** Scores the tools for a message as a decision would, for fitting the weights. */
  listEvidence(tools: readonly EngineTool[], message: string): Promise<number[]> {
    return this.#evidenceOf(tools).score(
      this.#scorer(() => false),
      message,
    );
  }

  #scorer(isAborted: () => boolean): TextScorer {
    return {
      score: async (text, continuations, follows) => {
        if (isAborted()) throw new Aborted();
        const context = await this.#open();
        const read = this.#tokensOf(text);
        const longest = Math.max(...continuations.map((part) => part.length));
        // If even the shortest list exceeds the context, equal scores leave the choice to the words.
        if (read.length + longest > context.contextTokens) return continuations.map(() => [0]);
        const tokens = continuations.map((part) => this.#tokensOf(part));
        return context.score(read, tokens, follows);
      },
    };
  }

  async close(): Promise<void> {
    await this.#context?.close();
  }

  #evidenceOf(tools: readonly EngineTool[]): ListEvidence {
    const known = this.#evidence;
    const isSame = known !== null && JSON.stringify(known.tools) === JSON.stringify(tools);
    if (isSame) return known;
    const most = this.#options.contextTokens - MESSAGE_TOKENS;
    const lists = listDetails.map((detail) => new ListEvidence(tools, detail));
    const evidence = lists.find(({ list }) => this.#tokensOf(list).length <= most) ?? (lists.at(-1) as ListEvidence);
    this.#evidence = evidence;
    return evidence;
  }

  async #open(): Promise<ScoringContext> {
    this.#context ??= await ScoringContext.open(this.#loaded, {
      contextTokens: this.#options.contextTokens,
      batchTokens: BATCH_TOKENS,
      threads: this.#options.threads,
    });
    return this.#context;
  }

  /** Control tokens in messages and tool texts are plain text. */
  #tokensOf(text: string): number[] {
    return [...this.#loaded.vocabulary.tokenize(text, false)];
  }
}

/** Thrown inside a decision that was aborted. */
class Aborted extends Error {}
