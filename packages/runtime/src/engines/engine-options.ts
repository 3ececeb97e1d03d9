import type { FitPlanner, MemoryProbe } from "@nanoagent/models";

/** Options for opening an engine that a config file cannot express: replacements for default parts, and callbacks. */
export interface EngineOptions {
  /** Says how a model fits. Default: the planner of `@nanoagent/optimizer`. */
  planner?: FitPlanner | undefined;
  /** Says how much memory there is. Default: the probe of `@nanoagent/profiler`. */
  memory?: MemoryProbe | undefined;
  /** The program that an engine's process runs. Default: the one that this package brings; a bundled program has its own. */
  hostFile?: string | undefined;
  /**
   * Whether this program is the agent's alone, as the CLI is: then all of its memory counts against the budget, and not
   * only what it adds from now on. Default: false.
   */
  ownsProgram?: boolean | undefined;
  /** Told the share of the model that is loaded, 0 to 1. */
  onLoadProgress?: ((share: number) => void) | undefined;
}
