import type { FitPlan, FitPlanner, MemoryProbe, NanoAgentConfig, ThreadTrial } from "@nanoagent/models";
import { NanoAgentError } from "@nanoagent/models";
import { MemoryGuard } from "../../memory/memory-guard.js";
import { type LadderSettings, PressureLadder } from "../../memory/pressure-ladder.js";
import { processView } from "../../memory/process-view.js";
import { Reservations } from "../../memory/reservations.js";
import { importPeer } from "../../missing-peer-error.js";
import { ThreadTrialStore } from "./thread-trial-store.js";

const BYTES_PER_MB = 2 ** 20;

type Optimizer = typeof import("@nanoagent/optimizer");
type Profiler = typeof import("@nanoagent/profiler");
type Header = Awaited<ReturnType<Optimizer["readGguf"]>>;

/** A local model needs both; each is loaded when it is needed. */
export async function importModelPeers(): Promise<{ optimizer: Optimizer; profiler: Profiler }> {
  const purpose = "Running a local model";
  return {
    optimizer: await importPeer("@nanoagent/optimizer", purpose, () => import("@nanoagent/optimizer")),
    profiler: await importPeer("@nanoagent/profiler", purpose, () => import("@nanoagent/profiler")),
  };
}

interface GuardSettings {
  memory?: MemoryProbe | undefined;
  ownsProgram?: boolean | undefined;
  baseBytes?: number | undefined;
  onNotice?: ((notice: string) => void) | undefined;
}

/** Starts the guard that holds the memory budget of a config's agent on this machine. */
export function startGuard(
  { spec, device }: NanoAgentConfig,
  profiler: Profiler,
  { memory, ownsProgram = false, baseBytes, onNotice }: GuardSettings,
): Promise<MemoryGuard> {
  return MemoryGuard.start({
    limitBytes: Math.min(spec.max_memory_mb, device.memory_mb) * BYTES_PER_MB,
    ownsProgram,
    baseBytes,
    probe: memory ?? new profiler.DeviceMemoryProbe(),
    processes: processView(profiler),
    reservations: new Reservations(),
    onNotice,
  });
}

/** What a plan stands on, beside the config. */
export interface PlanGrounds {
  planner?: FitPlanner | undefined;
  cpuFeatures: readonly string[] | null;
  threadTrials: readonly ThreadTrial[];
}

export interface ModelOnBudget {
  plan: FitPlan;
  header: Header;
  /** Whether replies can be held to a schema within the budget. */
  constrainsOutput: boolean;
}

/** How the model of a config is loaded within so many bytes. Throws `does-not-fit`, and what is wrong with the file. */
export async function planWithin(
  config: NanoAgentConfig & { model_path: string },
  { readGguf, planHeader }: Optimizer,
  { planner, cpuFeatures, threadTrials }: PlanGrounds,
  budgetBytes: number,
  ladder: LadderSettings = new PressureLadder().settings,
): Promise<ModelOnBudget> {
  const header = await readGguf(config.model_path);
  const wish = config.engine?.context ?? "auto";
  const planContext = (context_tokens: number | "auto", constrains_output: boolean) => {
    const request = {
      model_path: config.model_path,
      device: config.device,
      budget_bytes: budgetBytes,
      context_tokens,
      batch_tokens: ladder.batchTokens ?? undefined,
      cpu_features: cpuFeatures,
      thread_trials: threadTrials,
      constrains_output,
    };
    return planner === undefined ? planHeader(header, request) : planner.planFit(request);
  };
  const fit = async (constrainsOutput: boolean) => {
    if (ladder.contextTokens === null) return planContext(wish, constrainsOutput);
    // Under pressure a context is given up already: a shorter one than the ladder allows is better than none.
    const most = wish === "auto" ? ladder.contextTokens : Math.min(wish, ladder.contextTokens);
    const plan = await planContext("auto", constrainsOutput);
    return plan.context_tokens <= most ? plan : planContext(most, constrainsOutput);
  };
  try {
    return { plan: await fit(true), header, constrainsOutput: true };
  } catch (error) {
    if (!NanoAgentError.isInstance(error) || error.code !== "does-not-fit") throw error;
    // Schemas are a use that the agent may never make; without them there may be room.
    return { plan: await fit(false), header, constrainsOutput: false };
  }
}

/** A device that is not this machine: what it has to spare, and what is known of its speed. */
export interface ElsewhereGrounds extends PlanGrounds {
  availableBytes: number;
}

/**
 * How the model of a config would be loaded, without loading anything: on this machine with the memory that there is now,
 * or on a device that is elsewhere. `budgetBytes` is what the model may take with its process: the agent's budget less
 * what this program takes of it (`ownsProgram` as in {@link EngineOptions}). Throws what opening it would throw.
 */
export async function planLocalModel(
  config: NanoAgentConfig & { model_path: string },
  { ownsProgram = false, elsewhere }: { ownsProgram?: boolean; elsewhere?: ElsewhereGrounds | undefined } = {},
): Promise<{ plan: FitPlan; budgetBytes: number; constrainsOutput: boolean }> {
  const { optimizer, profiler } = await importModelPeers();
  const guard = await startGuard(config, profiler, { ownsProgram });
  const budgetBytes = elsewhere === undefined ? await guard.admit() : await guard.admitWithin(elsewhere.availableBytes);
  const grounds: PlanGrounds = elsewhere ?? {
    cpuFeatures: await profiler.readCpuFeatures(new profiler.LocalMachine()),
    threadTrials: (await ThreadTrialStore.read(profiler, config.model_path, config.device.cpu_cores)).rows,
  };
  const { plan, constrainsOutput } = await planWithin(config, optimizer, grounds, budgetBytes);
  return { plan, budgetBytes, constrainsOutput };
}
