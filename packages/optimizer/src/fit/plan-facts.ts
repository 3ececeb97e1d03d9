import type { EdgeDevice, FitRequest } from "@nanoagent/models";

/** Facts that a plan depends on besides the model file. The same facts and the same file always give the same plan. */
export interface PlanFacts {
  device: EdgeDevice;
  /** CPU features (`avx2`, `asimddp`); null if unknown. */
  cpuFeatures: readonly string[] | null;
  /** Memory budget of the model, its engine and their process together, in bytes. */
  budgetBytes: number;
  /** Part of the agent's budget that is reserved for the program itself, in bytes. Default: 0. */
  programBytes?: number | undefined;
  /** Part of the agent's budget that processes still to be started will use, in bytes. Default: 0. */
  expectedBytes?: number | undefined;
  /** Those processes, in words: `its 2 MCP servers`. Default: none. */
  expectedFor?: string | undefined;
  /** Memory that the device has free for the model, in bytes, whatever the budget. Default: no limit. */
  spareBytes?: number | undefined;
  /** Name of the limit that `spareBytes` comes from, such as a cgroup. Default: none. */
  spareSource?: string | null | undefined;
  /** Whether replies can be constrained by a schema; `auto`: if the memory suffices. Default: false. */
  constrainsOutput?: boolean | "auto" | undefined;
  /** Tokens of the second context, which scores the tools for a message. Default: 0, no such context. */
  choosingTokens?: number | undefined;
}

/** The part of a request that differs from plan to plan. */
export interface PlanChoices {
  contextTokens?: number | "auto" | undefined;
  /** Preferred length of an `auto` context, in tokens. Default: 4,096. */
  wantedTokens?: number | undefined;
  batchTokens?: number | undefined;
}

/** Builds the fit request for the model at a path. `run`, `check` and `optimize` all use this function. */
export function fitRequest(modelPath: string, facts: PlanFacts, choices: PlanChoices = {}): FitRequest {
  const {
    device,
    cpuFeatures,
    budgetBytes,
    programBytes,
    expectedBytes,
    expectedFor,
    spareBytes,
    spareSource,
    constrainsOutput,
    choosingTokens,
  } = facts;
  return {
    model_path: modelPath,
    device,
    budget_bytes: budgetBytes,
    program_bytes: programBytes,
    expected_bytes: expectedBytes,
    expected_for: expectedFor,
    spare_bytes: spareBytes,
    spare_source: spareSource,
    context_tokens: choices.contextTokens ?? "auto",
    wanted_context_tokens: choices.wantedTokens,
    batch_tokens: choices.batchTokens,
    cpu_features: cpuFeatures,
    constrains_output: constrainsOutput,
    choosing_tokens: choosingTokens,
  };
}
