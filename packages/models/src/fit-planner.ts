import type { EdgeDevice } from "./edge-device.js";
import type { FitPlan } from "./fit-plan.js";

/** Model to load, and the limits for it. */
export interface FitRequest {
  model_path: string;
  device: EdgeDevice;
  /** Memory limit for the model, its engine and the engine's process together. */
  budget_bytes: number;
  /** Context length. `auto`: `wanted_context_tokens`, reduced to what fits and what the model was trained for. */
  context_tokens: number | "auto";
  /** Context length that `auto` aims at, in tokens. Default: 4,096. */
  wanted_context_tokens?: number | undefined;
  /** CPU features (`avx2`, `asimddp`), which decide how weights are stored. Null: unknown. */
  cpu_features: readonly string[] | null;
  /** Prompt tokens that are evaluated at once. Default: 64, or the whole context if that is smaller. */
  batch_tokens?: number | undefined;
  /** Element type of the KV cache: `f16`, `q8_0`. Default: `f16`, or `q8_0` if the context only fits with that. */
  kv_type?: string | undefined;
  /** Whether weights are mapped from the file. Default: whichever needs less memory; mapped if both need the same. */
  maps_file?: boolean | undefined;
  /** Whether replies may be held to a grammar, which needs additional memory. `auto`: if it fits. Default: false. */
  constrains_output?: boolean | "auto" | undefined;
  /**
   * Length of the second context that scores the agent's tools, in tokens. Left out if it, or grammars, do not fit.
   * Default: 0.
   */
  choosing_tokens?: number | undefined;
  /** Memory of the program, which is not part of `budget_bytes`. Messages add it to the agent's need. Default: 0. */
  program_bytes?: number | undefined;
  /** Memory of processes that have not started yet. Messages add it to the agent's need. Default: 0. */
  expected_bytes?: number | undefined;
  /** Description of those processes: `its 2 MCP servers`. Default: none. */
  expected_for?: string | undefined;
  /** Memory that the device can spare for the model, regardless of the budget. Default: no limit. */
  spare_bytes?: number | undefined;
  /** Source of the limit behind `spare_bytes`: `cgroup v2 /system.slice/a.service`. Default: none. */
  spare_source?: string | null | undefined;
}

/** Change that helps to make a model fit. */
export interface FitChange {
  /** Description: `context 8192 → 2048`. */
  description: string;
  saves_bytes: number;
  /** Whether the model fits with this change alone. */
  fits: boolean;
}

/**
 * Plans how to load a model so that it fits, from the header of its file alone, without reading weights.
 * `@nanoagent/optimizer` has an implementation; an app may bring its own.
 *
 * - `planFit` resolves to the best plan whose resident peak is within the budget.
 * - It rejects with a `NanoAgentError` of code `does-not-fit` if no plan fits. The message shows the sum, `ledger` has
 *   the lines, `changes` the cheapest changes that help.
 * - It rejects with a `NanoAgentError` if the file cannot be read or is not a model.
 */
export interface FitPlanner {
  planFit(request: FitRequest): Promise<FitPlan>;
}
