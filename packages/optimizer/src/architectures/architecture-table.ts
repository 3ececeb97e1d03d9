/** Differences of an architecture, whose computation is known step by step, from that of Qwen2. */
export interface ComputeFamily {
  /**
   * One matrix computes queries, keys and values, and one computes gate and up. Parts of their results are not reused.
   */
  hasFusedMatrices?: boolean;
  /** The result of attention is multiplied by a gate from the query matrix. */
  gatesAttention?: boolean;
  /** Residual sums whose first operand is the residual and whose second is the computed result. */
  addsResidualFirst?: "everywhere" | "behind-feed-forward";
  /** Output rows are selected after the last norm instead of in the last layer. */
  choosesRowsLast?: boolean;
  /** The weights of the selected experts are normalized to a sum of one. */
  normalizesExperts?: boolean;
  /** Position values per token. Default: 1. */
  positionsPerToken?: number;
}

/** Pattern of layers with a window, if the file does not state it. */
export interface WindowPattern {
  /** Group size: one layer of each group has no window, the last one unless `isFullFirst`. */
  period: number;
  /** Whether the first layer of each group has no window. */
  isFullFirst?: true;
  /** Window size in tokens, if the file does not state it. */
  tokens?: number;
}

/** Facts of an architecture that its files do not state. */
export interface Architecture {
  /** The computation of a batch, used by `fit/transformer-steps.ts`. Without it, memory and speed are estimates. */
  computation?: ComputeFamily;
  /** Whether all layers have the same attention and feed-forward part. For other files llama.cpp ends the process. */
  isPlain?: true;
  /** Whether `computation` applies only to files with latent attention and a single query matrix. */
  needsLatentAttention?: true;
  /** `none`: llama.cpp ignores windows that a file states. */
  windows?: WindowPattern | "none";
  /** Number of layers with a cache. All later layers read the cache of an earlier layer. */
  layersWithOwnCache?: number;
  /** Layers with a recurrence: every layer (`beside-attention`), or those without attention and feed-forward. */
  recurrence?: "beside-attention" | "without-feed-forward";
  /** Recurrence of layers without attention. By default, one in `attentionInterval` layers has attention. */
  deltaNet?: { attentionInterval: number };
}

/**
 * Architectures by the name in `general.architecture`. A model of an architecture without a row gets an estimate from
 * the figures in its header. CONTRIBUTING.md describes how to add a row.
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
