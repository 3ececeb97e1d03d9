import { availableParallelism } from "node:os";
import path from "node:path";
import { type FitPlan, type FitRequest, type NanoAgentConfig, NanoAgentError } from "@nanoagent/models";
import { EngineCgroup } from "../../memory/engine-cgroup.js";
import { MemoryGuard, type ProcessView } from "../../memory/memory-guard.js";
import type { ProcessShare } from "../../memory/memory-report.js";
import { type LadderSettings, PressureLadder } from "../../memory/pressure-ladder.js";
import { Reservations } from "../../memory/reservations.js";
import { importPeer } from "../../node/missing-peer-error.js";
import type { Engine } from "../engine.js";
import type { EngineThreads } from "../host/host-protocol.js";
import type { EngineParts } from "../open-engine.js";
import { GuardedEngine, type PlannedModel } from "./guarded-engine.js";
import { LlamaEngine, type LlamaEngineOptions } from "./llama-engine.js";
import { StateFile } from "./state-file.js";
import { ThreadTrials } from "./thread-trials.js";
import { UnguardedEngine } from "./unguarded-engine.js";

const BYTES_PER_MB = 2 ** 20;
const DEFAULT_IDLE_UNLOAD_SECONDS = 300;

/**
 * Opens the model of a config within its memory budget. The header of the file decides before anything is allocated: what
 * does not fit is refused with the sum (code `does-not-fit`). The system is given limits for the engine's process that
 * follow from the same sum.
 */
export async function openLlamaEngine(
  config: NanoAgentConfig & { model_path: string },
  { planner, memory, hostFile, ownsProgram = false, onLoadProgress }: EngineParts = {},
): Promise<Engine> {
  const purpose = "Running a local model";
  const optimizer = await importPeer("@nanoagent/optimizer", purpose, () => import("@nanoagent/optimizer"));
  const profiler = await importPeer("@nanoagent/profiler", purpose, () => import("@nanoagent/profiler"));
  const machine = new profiler.LocalMachine();
  const processes: ProcessView = {
    memory: async (processId, options) =>
      (await profiler.readProcessMemory(machine, processId, options)) ?? ownMemory(processId),
    majorFaults: (processId) => profiler.readMajorFaults(machine, processId),
  };
  const guard = await MemoryGuard.start({
    limitBytes: Math.min(config.spec.max_memory_mb, config.device.memory_mb) * BYTES_PER_MB,
    ownsProgram,
    probe: memory ?? new profiler.DeviceMemoryProbe(),
    processes,
    reservations: new Reservations(),
  });
  const cpu_features = await profiler.readCpuFeatures(machine);
  const cgroups = await profiler.findMemoryCgroup(machine);

  const trials = await ThreadTrials.read(profiler, config.model_path, config.device.cpu_cores);

  const planWithin = async (budgetBytes: number, ladder: LadderSettings): Promise<PlannedModel> => {
    const header = await optimizer.readGguf(config.model_path);
    const request: FitRequest = {
      model_path: config.model_path,
      device: config.device,
      budget_bytes: budgetBytes,
      context_tokens: atMost(config.engine?.context ?? "auto", ladder.contextTokens),
      batch_tokens: ladder.batchTokens ?? undefined,
      cpu_features,
      thread_trials: trials.rows,
    };
    const fit = (constrains_output: boolean) => {
      const wish = { ...request, constrains_output };
      return planner === undefined ? optimizer.planHeader(header, wish) : planner.planFit(wish);
    };
    let constrainsOutput = true;
    let plan: FitPlan;
    try {
      plan = await fit(true);
    } catch (error) {
      if (!NanoAgentError.isInstance(error) || error.code !== "does-not-fit") throw error;
      // Schemas are a use that the agent may never make; without them there may be room.
      constrainsOutput = false;
      plan = await fit(false);
    }
    return {
      plan,
      fileBytes: header.file_bytes,
      options: toOptions(plan, header.tokenizer.chat_template, constrainsOutput, trials.stillToTry),
    };
  };

  if (config.engine?.isolation === "none") {
    const planned = await planWithin(await guard.admit(), new PressureLadder().settings);
    return new UnguardedEngine(await LlamaEngine.open(planned.options, onLoadProgress), guard, planned.plan);
  }
  return GuardedEngine.open({
    guard,
    planModel: planWithin,
    createGroup: (limitBytes) => EngineCgroup.create(cgroups, limitBytes),
    stateFile: config.session === undefined ? null : new StateFile(path.join(config.session.dir, "engine-state")),
    hostFile,
    chooseThreads: async (speeds) => {
      await trials.keep(speeds);
      const { plan } = await planWithin(Number.POSITIVE_INFINITY, new PressureLadder().settings);
      return engineThreads(plan);
    },
    idleUnloadSeconds: config.engine?.idle_unload_seconds ?? DEFAULT_IDLE_UNLOAD_SECONDS,
    onLoadProgress,
  });
}

function toOptions(
  plan: FitPlan,
  chatTemplate: string | null,
  constrainsOutput: boolean,
  threadsToTry: readonly number[],
): LlamaEngineOptions {
  return {
    modelPath: plan.model_path,
    contextTokens: plan.context_tokens,
    batchTokens: plan.batch_tokens,
    ...engineThreads(plan),
    threadsToTry,
    mapsFile: plan.maps_file,
    kvType: plan.kv_type === "q8_0" ? "q8_0" : "f16",
    chatTemplate,
    constrainsOutput,
    stateFile: null,
  };
}

/** A plan may be for a larger device than this one; threads without a core of their own wait for each other. */
function engineThreads({ prefill_threads, decode_threads }: FitPlan): EngineThreads {
  return {
    prefillThreads: Math.min(prefill_threads, availableParallelism()),
    decodeThreads: Math.min(decode_threads, availableParallelism()),
  };
}

function atMost(wanted: number | "auto", most: number | null): number | "auto" {
  if (most === null) return wanted;
  return wanted === "auto" ? most : Math.min(wanted, most);
}

/** Where the system does not tell of processes, this one at least knows its own size. */
function ownMemory(processId: number): ProcessShare | null {
  if (processId !== process.pid) return null;
  const anonymous_bytes = process.memoryUsage.rss();
  return { anonymous_bytes, file_bytes: 0, shared_bytes: 0, proportional_bytes: null };
}
