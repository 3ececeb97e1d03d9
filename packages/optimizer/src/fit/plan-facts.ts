import type { EdgeDevice, FitRequest } from "@nanoagent/models";

/** Facts that a plan follows from beside the model file: the same facts and the same file always make the same plan. */
export interface PlanFacts {
  device: EdgeDevice;
  /** Features of the CPU (`avx2`, `asimddp`); null if they are not known. */
  cpuFeatures: readonly string[] | null;
  /** Memory that the model, its engine and the process they live in may take together, in bytes. */
  budgetBytes: number;
  /** Memory of the agent's budget that is set aside for the program itself, in bytes. Default: 0. */
  programBytes?: number | undefined;
  /** Memory of the agent's budget that processes which are yet to start will take, in bytes. Default: 0. */
  expectedBytes?: number | undefined;
  /** Those processes, in words: `its 2 MCP servers`. Default: none. */
  expectedFor?: string | undefined;
  /** Memory that the device can spare for the model, in bytes: no budget makes it more. Default: no limit. */
  spareBytes?: number | undefined;
  /** Limit that `spareBytes` is under, in words. Default: none. */
  spareSource?: string | null | undefined;
  /** Whether replies may be held to a schema; `auto`: if it fits. Default: false. */
  constrainsOutput?: boolean | "auto" | undefined;
  /** Tokens of the context that scores the tools of an agent. Default: 0, it has none. */
  choosingTokens?: number | undefined;
}

/** The part of a request that may differ from one plan to the next. */
export interface PlanChoices {
  contextTokens?: number | "auto" | undefined;
  /** Tokens that a context of `auto` should have. Default: 4,096. */
  wantedTokens?: number | undefined;
  batchTokens?: number | undefined;
}

/** Builds the request for the model at a path. `run`, `check` and `optimize` all build theirs here. */
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
