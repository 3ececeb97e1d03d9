import type { NanoAgentConfigInput, SamplingSettings, ScenarioFile } from "@nanoagent/models";
import type { Engine } from "../engines/engine.js";
import type { EngineOptions } from "../engines/engine-options.js";
import type { Verdict } from "./judge-turn.js";

export interface EvalOptions {
  /** Files that {@link readScenarios} has read, or the same made in code. */
  scenarios: readonly ScenarioFile[];
  /** Config whose engine answers. Its tools, servers, intents, skills and session take no part. */
  config?: NanoAgentConfigInput | undefined;
  /** Opens an engine in place of the config's. It is closed at the end. */
  openEngine?: (() => Engine | Promise<Engine>) | undefined;
  /** As those of an agent. */
  engineOptions?: EngineOptions | undefined;
  /** Name of the engine in reports. Default: the engine's own. */
  name?: string | undefined;
  /** How often each scenario runs. Default: 1. */
  times?: number | undefined;
  /** Sampling of replies, before the config's. Default: temperature 0, and 512 tokens at most. Each run adds 1 to a seed. */
  sampling?: SamplingSettings | undefined;
  /** Longest time of a turn. Default: 10 minutes. */
  maxTurnMilliseconds?: number | undefined;
  onProgress?: ((progress: EvalProgress) => void) | undefined;
  /** Ends the run. What is there so far is the result. */
  signal?: AbortSignal | undefined;
}

export interface EvalProgress {
  /** Runs of scenarios that are over. */
  readonly done: number;
  readonly total: number;
  readonly right: number;
  readonly file: string;
  readonly id: string;
  readonly verdict: Verdict;
}
