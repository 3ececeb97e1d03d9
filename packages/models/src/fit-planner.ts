import type { EdgeDevice } from "./edge-device.js";
import type { FitPlan } from "./fit-plan.js";

/** What a model is to be loaded for. */
export interface FitRequest {
  model_path: string;
  device: EdgeDevice;
  /** What the model, its engine and the process that it lives in may take together. */
  budget_bytes: number;
  /** Tokens of context; `auto` takes `wanted_context_tokens`, or as many of them as fit and the model was trained for. */
  context_tokens: number | "auto";
  /** Tokens that a context of `auto` should have. Default: 4,096. */
  wanted_context_tokens?: number | undefined;
  /** What the CPU can do (`avx2`, `asimddp`), which decides how weights are held; null where it is not known. */
  cpu_features: readonly string[] | null;
  /** Tokens that are read at once. Default: 64, or the whole context where that is smaller. */
  batch_tokens?: number | undefined;
  /** How keys and values are kept: `f16`, `q8_0`. Default: `f16`, or `q8_0` if only that leaves room for the context. */
  kv_type?: string | undefined;
  /** Whether weights are mapped from the file. Default: whichever takes less memory; mapped where both take the same. */
  maps_file?: boolean | undefined;
  /** Whether replies may be held to a grammar, which takes memory of its own. `auto`: if it fits. Default: false. */
  constrains_output?: boolean | "auto" | undefined;
  /**
   * Tokens of a second context, which scores the tools of an agent; left out where there is no room for it, or for grammars.
   * Default: 0.
   */
  choosing_tokens?: number | undefined;
  /** Memory that the program takes beside `budget_bytes`; messages add it to what the agent needs. Default: 0. */
  program_bytes?: number | undefined;
  /** Memory of processes that are yet to start; messages add it to what the agent needs. Default: 0. */
  expected_bytes?: number | undefined;
  /** Those processes, in words: `its 2 MCP servers`. Default: none. */
  expected_for?: string | undefined;
  /** Memory that the device can spare for the model, whatever the budget. Default: no limit. */
  spare_bytes?: number | undefined;
  /** Limit that `spare_bytes` is under, in words: `cgroup v2 /system.slice/a.service`. Default: none. */
  spare_source?: string | null | undefined;
}

/** One way to make a model fit that does not. */
export interface FitChange {
  /** The change in words: `context 8192 → 2048`. */
  description: string;
  saves_bytes: number;
  /** Whether the model fits with this change alone. */
  fits: boolean;
}

/**
 * Says how to load a model so that it fits, from its file's header alone: nothing is allocated and no weight is read.
 * `@nanoagent/optimizer` has one; an app may pass in its own.
 *
 * - `planFit` resolves to the best plan whose ledger's resident peak is within the budget.
 * - It rejects with a `NanoAgentError` of code `does-not-fit` when there is none; its message shows the sum, its `ledger`
 *   the lines, its `changes` the cheapest ways out.
 * - It rejects with a `NanoAgentError` when the file cannot be read or is no model.
 */
export interface FitPlanner {
  planFit(request: FitRequest): Promise<FitPlan>;
}
