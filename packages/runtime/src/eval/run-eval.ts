import type { NanoAgentConfig, NanoAgentConfigInput, NanoAgentError, ScenarioFile } from "@nanoagent/models";
import { checkAgent, openAgent } from "../agent.js";
import type { Engine } from "../engines/engine.js";
import { openEngine } from "../engines/engine-kinds.js";
import { samplingOptions } from "../engines/sampling-options.js";
import { NanoRuntimeError } from "../nano-runtime-error.js";
import type { EvalOptions } from "./eval-options.js";
import type { EvalResult, ScenarioResult } from "./eval-result.js";
import { runScenario, type ScenarioRun } from "./run-scenario.js";
import { ToolWitness } from "./tool-witness.js";

const DEFAULT_SAMPLING = { temperature: 0, max_tokens: 512 };
const DEFAULT_MAX_TURN_MILLISECONDS = 10 * 60 * 1000;
/** Number of seeds that engines accept. */
const SEEDS = 2 ** 32;
/** After this many failures in a row the engine will not recover, and further results would mean nothing. */
const MAX_FAILURES_IN_A_ROW = 5;

/**
 * Runs scenarios and judges every turn. The engine is opened once. Each file gets an agent with the file's tools, and
 * each scenario a new conversation. Every permission is granted. Throws the errors of opening an agent,
 * {@link NanoRuntimeError} `invalid-options`, and the error of an engine that never answers.
 */
export async function runEval(options: EvalOptions): Promise<EvalResult> {
  const { scenarios: files, signal, times = 1 } = options;
  if (!Number.isSafeInteger(times) || times < 1) throw invalidOption("times", times, "Pass a positive integer.");
  const config = await checkAgent(withoutParts(options.config ?? configOf(options)));
  // The tools come from each file.
  const engine = await (options.openEngine?.() ??
    openEngine(config, { ...options.engineOptions, hasProgramTools: true }));
  try {
    const progress = new Progress(options, times);
    for (const file of files) {
      if (signal?.aborted || progress.isStopped) break;
      await runFile(file, config, engine, { ...options, times }, progress);
    }
    const { results, failure } = progress;
    const interrupted = results.length < progress.total;
    return { name: options.name ?? engine.name, results, interrupted, failure: failure?.message ?? null };
  } finally {
    await engine.close();
  }
}

async function runFile(
  file: ScenarioFile,
  config: NanoAgentConfig,
  engine: Engine,
  { times, sampling, signal, engineOptions, maxTurnMilliseconds }: EvalOptions & { times: number },
  progress: Progress,
): Promise<void> {
  const witness = new ToolWitness(file.tools);
  const instructions = file.instructions ?? config.instructions;
  await using agent = await openAgent(
    { ...config, ...(instructions !== undefined && { instructions }) },
    { ...engineOptions, engine, tools: witness.tools, onPermission: () => true },
  );
  const { seed, ...settings } = { ...DEFAULT_SAMPLING, ...config.sampling, ...sampling };
  const limits = { maxMilliseconds: maxTurnMilliseconds ?? DEFAULT_MAX_TURN_MILLISECONDS };
  for (let run = 1; run <= times; run++) {
    const seeded = seed === undefined ? settings : { ...settings, seed: (seed + run - 1) % SEEDS };
    const turnOptions = { signal, limits, sampling: samplingOptions(seeded) };
    for (const scenario of file.scenarios) {
      const ran = signal?.aborted ? null : await runScenario({ agent, file, witness, turnOptions }, scenario, run);
      if (ran === null) return;
      progress.add(ran);
      if (progress.isStopped) return;
    }
  }
}

/** The results so far, and whether to continue. */
class Progress {
  readonly results: ScenarioResult[] = [];
  readonly total: number;
  readonly #onProgress: EvalOptions["onProgress"];
  #right = 0;
  #failures: NanoAgentError[] = [];
  #answered = false;

  constructor({ scenarios, onProgress }: EvalOptions, times: number) {
    this.total = times * scenarios.reduce((sum, file) => sum + file.scenarios.length, 0);
    this.#onProgress = onProgress;
  }

  /** Error of an engine that failed repeatedly, or null. */
  get failure(): NanoAgentError | null {
    return this.#failures.length < MAX_FAILURES_IN_A_ROW ? null : (this.#failures[0] ?? null);
  }

  get isStopped(): boolean {
    return this.failure !== null;
  }

  add({ result, errors }: ScenarioRun): void {
    for (const error of errors) {
      // Errors of the runtime concern one turn; all others are errors of the engine.
      if (error !== null && !(error instanceof NanoRuntimeError)) this.#failures.push(error);
      else {
        this.#failures = [];
        this.#answered = true;
      }
    }
    const { failure } = this;
    if (failure !== null && !this.#answered) throw failure;
    this.results.push(result);
    if (result.verdict === "right") this.#right += 1;
    const { file, id, verdict } = result;
    this.#onProgress?.({ done: this.results.length, total: this.total, right: this.#right, file, id, verdict });
  }
}

/** Removes the parts of a config that would answer or act besides the engine and the scenario tools. */
function withoutParts(config: NanoAgentConfigInput): NanoAgentConfigInput {
  const { tools: _, mcp_servers: __, intents: ___, skills_dir: ____, session: _____, ...rest } = config;
  return { ...rest, spec: { ...config.spec, capabilities: [] } };
}

/** Config for an engine that the program opens itself. */
function configOf({ openEngine: given, name = "eval" }: EvalOptions): NanoAgentConfigInput {
  if (given === undefined) throw invalidOption("config", undefined, "Pass config or openEngine.");
  const memory_mb = 2 ** 24;
  return {
    spec: { name, max_memory_mb: memory_mb },
    device: { device_id: "eval", platform: "any", memory_mb, cpu_cores: 1 },
  };
}

function invalidOption(option: string, value: unknown, hint: string): NanoRuntimeError {
  return new NanoRuntimeError({ code: "invalid-options", message: `${option} is ${String(value)}.`, hint });
}
