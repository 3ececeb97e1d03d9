import path from "node:path";
import { type FitPlan, type NanoAgentConfig, TELLING_PARAMETERS } from "@nanoagent/models";
import { userCaches } from "../../files/code-cache.js";
import { EngineCgroup } from "../../memory/engine-cgroup.js";
import { type LadderSettings, PressureLadder } from "../../memory/pressure-ladder.js";
import type { ModelBudget } from "../../memory/program-share.js";
import type { Engine } from "../engine.js";
import type { OpenEngineOptions } from "../engine-options.js";
import { safeProgress, typedPlanner } from "./app-callbacks.js";
import type { EngineThreads } from "./batch-threads.js";
import { doubled } from "./context-growth.js";
import { addonPackage } from "./find-llama-addon.js";
import { GuardedEngine } from "./guarded-engine.js";
import type { PlannedModel } from "./guarded-engine-options.js";
import type { LlamaEngineOptions } from "./llama-engine.js";
import { mayOfferTools } from "./may-offer-tools.js";
import { importOptimizer, importProfiler } from "./model-peers.js";
import { agentFacts, agentLimitBytes, planModel, templatesIn } from "./plan-local-model.js";
import { startGuard } from "./start-guard.js";
import { StateFile } from "./state-file.js";
import { UnguardedEngine } from "./unguarded-engine.js";

const DEFAULT_IDLE_UNLOAD_SECONDS = 300;

/**
 * Opens a config's model within its memory budget. The header of the file is checked before anything is allocated: a
 * model that does not fit is rejected with the figures (code `does-not-fit`). The same figures set the limits of the
 * engine's process.
 */
export async function openLlamaEngine(
  config: NanoAgentConfig & { model_path: string },
  {
    planner: given,
    memory,
    hostFile,
    nodeFile,
    ownsProgram = false,
    baseBytes,
    toolMemory,
    hasProgramTools = false,
    neededTokens = 0,
    onLoadProgress: onProgress,
  }: OpenEngineOptions = {},
): Promise<Engine> {
  // Reject a platform without llama.cpp before planning.
  addonPackage();
  const profiler = await importProfiler();
  const { device, spec } = config;
  const machine = new profiler.LocalMachine();
  const notices: string[] = [];
  const onNotice = (notice: string) => {
    if (!notices.includes(notice)) notices.push(notice);
  };
  const planner = given === undefined ? undefined : typedPlanner(given);
  const onLoadProgress = safeProgress(onProgress, onNotice);
  const limitBytes = agentLimitBytes({ device, maxMemoryMb: spec.max_memory_mb });
  const guard = await startGuard(profiler, { limitBytes, memory, ownsProgram, baseBytes, toolMemory, onNotice });
  const cgroups = await profiler.findMemoryCgroup(machine);
  // The plan may be for a device with more cores. Threads without a core of their own wait for each other.
  const mostThreads = async () => Math.min(device.cpu_cores, await profiler.countUsableCores(machine));

  const caches = userCaches(process.env);
  const keptStates = caches === null ? null : { caches };
  const hasTools = hasProgramTools || mayOfferTools(config);
  const context = config.engine?.context ?? "auto";
  const plan = async (budget: ModelBudget, ladder: LadderSettings, wanted: number | null): Promise<PlannedModel> => {
    const optimizer = await importOptimizer();
    const cpuFeatures = await profiler.readCpuFeatures(machine);
    const facts = { ...agentFacts(device, hasTools), ...budget, cpuFeatures };
    const header = await optimizer.readGguf(config.model_path);
    // The engine reports template notices itself, since it parses the templates anyway.
    const notices = optimizer.modelNotices(header, context === "auto" ? null : context);
    for (const { message, hint } of notices) onNotice(`${message} ${hint}`);
    const planned = await planModel(header, optimizer, facts, {
      contextTokens: context,
      neededTokens: Math.max(wanted ?? 0, neededTokens),
      planner,
      ladder,
    });
    const { context_tokens, longest_context_tokens = context_tokens, model } = planned;
    const isOpen = context === "auto";
    return {
      plan: planned,
      fileBytes: header.file_bytes,
      baseTokens: isOpen
        ? Math.min(context_tokens, doubled(optimizer.ENOUGH_CONTEXT_TOKENS, neededTokens))
        : context_tokens,
      longestTokens: isOpen ? (model.training_context_tokens ?? longest_context_tokens) : context_tokens,
      options: {
        ...toOptions(planned, await mostThreads()),
        ...templatesIn(header),
        windowTokens: header.shape.sliding_window,
        thinking: config.engine?.thinking,
        keptStates,
      },
    };
  };

  if (config.engine?.isolation === "none") {
    toolMemory?.watchEngine(process.pid);
    const planFully = (budget: ModelBudget, wanted: number | null) =>
      plan(budget, new PressureLadder().settings, wanted);
    return UnguardedEngine.open({ guard, planModel: planFully, onLoadProgress, notices });
  }
  const stateFile = config.session === undefined ? null : new StateFile(path.join(config.session.dir, "engine-state"));
  const newer = (await stateFile?.newerFile()) ?? null;
  if (newer !== null) notices.push(newerState(newer));
  return GuardedEngine.open({
    guard,
    modelPath: config.model_path,
    planModel: plan,
    createGroup: (limitBytes) => EngineCgroup.create(cgroups, limitBytes),
    stateFile,
    hostFile,
    nodeFile,
    idleUnloadSeconds: config.engine?.idle_unload_seconds ?? DEFAULT_IDLE_UNLOAD_SECONDS,
    onLoadProgress,
    notices,
    onNotice,
  });
}

function newerState(file: string): string {
  const others = `${path.basename(file, path.extname(file))}.*`;
  return `A newer version of nanoagent wrote ${file}. It is kept, so the state of the model is not saved. To save it, delete ${others} in that folder.`;
}

function toOptions(plan: FitPlan, cores: number): Omit<LlamaEngineOptions, "chatTemplate"> {
  return {
    modelPath: plan.model_path,
    contextTokens: plan.context_tokens,
    batchTokens: plan.batch_tokens,
    ...engineThreads(plan, cores),
    mapsFile: plan.maps_file,
    kvType: plan.kv_type === "q8_0" ? "q8_0" : "f16",
    constrainsOutput: plan.constrains_output,
    choosingTokens: plan.choosing_tokens ?? 0,
    draftTokens: plan.draft_tokens ?? 0,
    tellsResults: (plan.model.parameter_count ?? 0) < TELLING_PARAMETERS,
    stateFile: null,
  };
}

function engineThreads({ prefill_threads, decode_threads }: FitPlan, cores: number): EngineThreads {
  return { prefillThreads: Math.min(prefill_threads, cores), decodeThreads: Math.min(decode_threads, cores) };
}
