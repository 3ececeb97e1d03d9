import type { FitPlan } from "@nanoagent/models";
import type { EngineCgroup } from "../../memory/engine-cgroup.js";
import type { MemoryGuard } from "../../memory/memory-guard.js";
import type { LadderSettings } from "../../memory/pressure-ladder.js";
import type { ModelBudget } from "../../memory/program-share.js";
import type { HostFiles } from "../host/find-host.js";
import type { LlamaEngineOptions } from "./llama-engine.js";
import type { StateFile } from "./state-file.js";

/** Plan of a model within a budget, and the options that load it accordingly. */
export interface PlannedModel {
  plan: FitPlan;
  options: LlamaEngineOptions;
  fileBytes: number;
  /** Context of the plan without demand from conversations, and the longest possible context, in tokens. */
  baseTokens: number;
  longestTokens: number;
}

export interface GuardedEngineOptions extends HostFiles {
  guard: MemoryGuard;
  modelPath: string;
  /**
   * Plans the model within a budget, with the settings of the ladder and the context that conversations need. Null: the
   * context of a first start. Throws if the model does not fit.
   */
  planModel(budget: ModelBudget, settings: LadderSettings, wantedTokens: number | null): Promise<PlannedModel>;
  /** Creates a cgroup with this limit for the engine's process, or null if the system does not allow it. */
  createGroup(limitBytes: number): Promise<EngineCgroup | null>;
  stateFile: StateFile | null;
  idleUnloadSeconds: number;
  onLoadProgress?: ((share: number) => void) | undefined;
  /** Notices from while the engine is open. */
  notices: readonly string[];
  /** Adds a notice. */
  onNotice: (notice: string) => void;
}
