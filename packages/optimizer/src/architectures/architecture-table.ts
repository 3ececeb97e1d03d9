/** Differences between architectures whose computation is known step by step. Without any it is that of Qwen2. */
export interface ComputeFamily {
  /**
   * One matrix makes queries, keys and values, and another one gate and up: nothing overwrites a part of their results.
   */
  hasFusedMatrices?: boolean;
  /** The result of attention is multiplied by a gate that the matrix of the queries makes. */
  gatesAttention?: boolean;
  /** Where the input of a sum is its first operand, and the result that was computed from it the second. */
  addsResidualFirst?: "everywhere" | "behind-feed-forward";
  /** Rows are chosen behind the last norm and not in the last layer. */
  choosesRowsLast?: boolean;
  /** The weights of the chosen experts are scaled so that their sum is one. */
  normalizesExperts?: boolean;
  /** Numbers that give the position of one token. Default: 1. */
  positionsPerToken?: number;
}

/** Layers with a window, where the file does not say which they are. */
export interface WindowPattern {
  /** One layer in so many has no window: the last one of each group, unless `isFullFirst`. */
  period: number;
  /** Whether the first layer of each group has no window. */
  isFullFirst?: true;
  /** Tokens of the window where the file states none. */
  tokens?: number;
}

/** Knowledge of one architecture that its files do not state. */
export interface Architecture {
  /**
   * The computation of one batch, as `fit/transformer-steps.ts` writes it; without it memory and speed are estimates.
   */
  computation?: ComputeFamily;
  /** Whether all layers are alike, attention and feed-forward; llama.cpp ends the process if a file breaks that. */
  isPlain?: true;
  /** Whether `computation` holds only for files with latent attention and one whole matrix of queries. */
  needsLatentAttention?: true;
  /** `none`: llama.cpp computes without windows, whatever the file says. */
  windows?: WindowPattern | "none";
  /** Layers that have a cache of their own; all later ones read the cache of an earlier layer. */
  layersWithOwnCache?: number;
  /** Layers with a recurrence: `beside-attention` in every layer, or those that have no feed-forward part either. */
  recurrence?: "beside-attention" | "without-feed-forward";
  /** The recurrence of layers without attention, and after how many of them a layer with attention comes by default. */
  deltaNet?: { attentionInterval: number };
}

/**
 * The table of architectures, by the name in `general.architecture`. A file of an architecture without a row is planned
 * by the figures in its header alone, as an estimate. CONTRIBUTING.md tells how to add a row.
 */
const ARCHITECTURES: Readonly<Record<string, Architecture>> = {
  llama: { computation: { normalizesExperts: true }, isPlain: true },
  qwen2: { computation: {}, isPlain: true },
  qwen3: { computation: {}, isPlain: true },
  qwen3moe: { computation: { normalizesExperts: true } },
  qwen3next: { deltaNet: { attentionInterval: 4 } },
  qwen35: {
    computation: { gatesAttention: true, choosesRowsLast: true, positionsPerToken: 4 },
    deltaNet: { attentionInterval: 4 },
  },
  qwen35moe: { deltaNet: { attentionInterval: 4 } },
  gemma2: { windows: { period: 2, tokens: 4096 } },
  gemma3: { computation: {}, windows: { period: 6 } },
  gemma3n: { windows: { period: 5 }, layersWithOwnCache: 20 },
  "gemma-embedding": { windows: { period: 6 } },
  phi3: { computation: { hasFusedMatrices: true, addsResidualFirst: "behind-feed-forward" }, windows: "none" },
  "falcon-h1": { recurrence: "beside-attention" },
  nemotron_h: { recurrence: "without-feed-forward" },
  nemotron_h_moe: { recurrence: "without-feed-forward" },
  lfm2: { computation: { addsResidualFirst: "everywhere" } },
  olmoe: { computation: {} },
  deepseek2: { computation: {}, needsLatentAttention: true },
  llama4: { windows: { period: 4, tokens: 8192 } },
  "gpt-oss": { windows: { period: 2 } },
  cohere2: { windows: { period: 4 } },
  olmo2: { windows: { period: 4 } },
  exaone4: { windows: { period: 4 } },
  afmoe: { windows: { period: 4 } },
  plamo3: { windows: { period: 8 } },
  smallthinker: { windows: { period: 4, isFullFirst: true, tokens: 4096 } },
  laguna: { windows: { period: 4, isFullFirst: true } },
  "modern-bert": { windows: { period: 3, isFullFirst: true } },
};

/** Names of all architectures in the table. */
export const KNOWN_ARCHITECTURES: readonly string[] = Object.keys(ARCHITECTURES);

const UNKNOWN_ARCHITECTURE: Architecture = {};

/** Returns the row of an architecture, or an empty one for a name that is not in the table. */
export function architectureNamed(name: string | null): Architecture {
  if (name === null || !Object.hasOwn(ARCHITECTURES, name)) return UNKNOWN_ARCHITECTURE;
  return ARCHITECTURES[name] ?? UNKNOWN_ARCHITECTURE;
}
