import type { NanoAgentConfigInput, SamplingSettings, ScenarioFile } from "@nanoagent/models";
import type { Engine } from "../engines/engine.js";
import type { EngineOptions } from "../engines/engine-options.js";
import type { Verdict } from "./judge-turn.js";

export interface EvalOptions {
  /** Scenario files from {@link readScenarios}, or built in code. */
  scenarios: readonly ScenarioFile[];
  /** Config of the engine. Its tools, servers, intents, skills and session are ignored. */
  config?: NanoAgentConfigInput | undefined;
  /** Opens an engine to use instead of the config's. It is closed at the end. */
  openEngine?: (() => Engine | Promise<Engine>) | undefined;
  /** Engine options, as for an agent. */
  engineOptions?: EngineOptions | undefined;
  /** Name of the engine in reports. Default: the engine's name. */
  name?: string | undefined;
  /** Number of runs of each scenario. Default: 1. */
  times?: number | undefined;
  /**
   * Sampling options, which override the config's. Default: temperature 0 and at most 512 tokens. Each run adds 1 to a
   * seed.
   */
  sampling?: SamplingSettings | undefined;
  /** Timeout of a turn. Default: 10 minutes. */
  maxTurnMilliseconds?: number | undefined;
  onProgress?: ((progress: EvalProgress) => void) | undefined;
  /** Stops the run. The results so far are returned. */
  signal?: AbortSignal | undefined;
}

export interface EvalProgress {
  /** Finished scenario runs. */
  readonly done: number;
  readonly total: number;
  readonly right: number;
  readonly file: string;
  readonly id: string;
  readonly verdict: Verdict;
}
