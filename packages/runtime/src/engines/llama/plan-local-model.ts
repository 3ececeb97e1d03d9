import {
  BYTES_PER_MB,
  type DeviceMeasurement,
  type EdgeDevice,
  type EngineSettings,
  type FitPlan,
  type FitPlanner,
  type MemoryProbe,
  type NanoAgentConfig,
  NanoAgentError,
} from "@nanoagent/models";
import type { GgufHeader, ModelNotice, PlanFacts } from "@nanoagent/optimizer";
import { type LadderSettings, PressureLadder } from "../../memory/pressure-ladder.js";
import { type ExpectedProcesses, expectedServers, modelBudget, programShareBytes } from "../../memory/program-share.js";
import { doubled } from "./context-growth.js";
import { mayOfferTools } from "./may-offer-tools.js";
import { importModelPeers, type Optimizer } from "./model-peers.js";
import { startGuard } from "./start-guard.js";

/** Tokens of the context that scores a list of tools: a dozen of them with their descriptions, examples of talk, and a message. */
const CHOOSING_TOKENS = 1024;

/** A device that is not this machine, as far as a plan depends on it. */
export interface RemoteDevice {
  /** Memory of the device that an agent can have, in bytes. */
  availableBytes: number;
  cpuFeatures: readonly string[] | null;
  measurement: DeviceMeasurement | null;
}

/** An agent's budget: the device that it runs on, and the memory that it may take with its program. */
export interface AgentBudget {
  device: EdgeDevice;
  /** As `spec.max_memory_mb`, in MB of 2^20 bytes. */
  maxMemoryMb: number;
  /** Whether it may offer its model tools. Default: false. */
  hasTools?: boolean | undefined;
}

export interface PlanOptions {
  /** As in {@link EngineOptions}. Default: false. */
  ownsProgram?: boolean | undefined;
  /** As in {@link OpenEngineOptions}. */
  neededTokens?: number | undefined;
  /** Reads what memory there is. Default: this machine's. */
  memory?: MemoryProbe | undefined;
  /** The device to plan for if it is not this machine. */
  remote?: RemoteDevice | undefined;
}

/** Budget of the whole agent, in bytes: no agent has more than its device. */
export function agentLimitBytes({ device, maxMemoryMb }: AgentBudget): number {
  return Math.floor(Math.min(maxMemoryMb, device.memory_mb) * BYTES_PER_MB);
}

/** Returns the facts that are the same for every plan of an agent. */
export function agentFacts(device: EdgeDevice, hasTools: boolean) {
  return { device, constrainsOutput: "auto", choosingTokens: hasTools ? CHOOSING_TOKENS : 0 } as const;
}

/**
 * Reads the facts that the plan of any model follows from: what it may take of the agent's budget, and the CPU. `check` and `optimize` read them here, and the plans that `run` makes follow from the same.
 */
export async function readPlanFacts(
  budget: AgentBudget,
  { ownsProgram = false, memory, remote }: PlanOptions = {},
): Promise<PlanFacts> {
  const limitBytes = agentLimitBytes(budget);
  const facts = agentFacts(budget.device, budget.hasTools ?? false);
  if (remote !== undefined) {
    // The program has to find its place on that device too.
    const spareBytes = remote.availableBytes - programShareBytes(ownsProgram);
    return {
      ...facts,
      ...modelBudget({ limitBytes, ownsProgram, spareBytes }),
      cpuFeatures: remote.cpuFeatures,
    };
  }
  const { profiler } = await importModelPeers();
  const guard = await startGuard(profiler, { limitBytes, ownsProgram, memory });
  return {
    ...facts,
    ...modelBudget({ limitBytes, ownsProgram, ...(await guard.spare()) }),
    cpuFeatures: await profiler.readCpuFeatures(new profiler.LocalMachine()),
  };
}

/** Settings of one plan, beside the facts. */
export interface PlanSettings {
  /** As `engine.context`. Default: `auto`. */
  contextTokens?: number | "auto" | undefined;
  /** Context that requests and conversations need, in tokens: `auto` has it where it fits. Default: 0. */
  neededTokens?: number | undefined;
  /** Plans instead of `@nanoagent/optimizer`. */
  planner?: FitPlanner | undefined;
  /** Settings that are given up because memory is short. Default: none. */
  ladder?: LadderSettings | undefined;
}

/** Plans how the model of a header is loaded. Throws `does-not-fit`, and what is wrong with the file. */
export async function planModel(
  header: GgufHeader,
  {
    fitRequest,
    planHeader,
    ENOUGH_CONTEXT_TOKENS,
  }: Pick<Optimizer, "fitRequest" | "planHeader" | "ENOUGH_CONTEXT_TOKENS">,
  facts: PlanFacts,
  { contextTokens = "auto", neededTokens = 0, planner, ladder = new PressureLadder().settings }: PlanSettings = {},
): Promise<FitPlan> {
  const enoughTokens = doubled(ENOUGH_CONTEXT_TOKENS, neededTokens);
  const plan = async (contextTokens: number | "auto", wantedTokens = enoughTokens) => {
    const batchTokens = ladder.batchTokens ?? undefined;
    const request = fitRequest(header.path, facts, { contextTokens, wantedTokens, batchTokens });
    return planner === undefined ? planHeader(header, request) : planner.planFit(request);
  };
  if (ladder.contextTokens === null) return plan(contextTokens);
  // Under pressure a context is given up already: a shorter one than the ladder allows is better than none.
  const most = Math.min(contextTokens === "auto" ? enoughTokens : contextTokens, ladder.contextTokens);
  const longest = await plan("auto", most);
  return longest.context_tokens <= most ? longest : plan(most);
}

/** A thing that people should know of a model. */
type LocalNotice = Omit<ModelNotice, "code"> & { code: string };

/** Lists what people should know of a model before they use it with these settings of `engine`. */
async function noticesOf(
  header: GgufHeader,
  { modelNotices }: Pick<Optimizer, "modelNotices">,
  { context: contextTokens = "auto", thinking }: Pick<EngineSettings, "context" | "thinking"> = {},
): Promise<LocalNotice[]> {
  const notices = modelNotices(header, contextTokens === "auto" ? null : contextTokens);
  const { templateNotices } = await import("./template-notices.js");
  return [...notices, ...templateNotices({ ...templatesIn(header), thinking })];
}

/** The chat templates of a model file, each null where it has none: the one for all, and one for conversations with tools. */
export interface ModelFileTemplates {
  chatTemplate: string | null;
  toolTemplate: string | null;
}

/** Returns the chat templates of a model file. */
export function templatesIn({ tokenizer }: GgufHeader): ModelFileTemplates {
  const { default: standard = null, tool_use = null } = tokenizer.named_chat_templates;
  return { chatTemplate: tokenizer.chat_template ?? standard, toolTemplate: tool_use };
}

/** The plan of a config's model, and what people should know of it. */
export interface LocalPlan {
  plan: FitPlan;
  /** Memory that the model may take with its process, in bytes. */
  budgetBytes: number;
  notices: LocalNotice[];
  templates: ModelFileTemplates;
  /** Memory that the budget leaves to processes which are yet to start; null for an agent that has none. */
  expected: ExpectedProcesses | null;
  /** The refusal of a model that fits beside smaller processes alone; null where there is room for what is expected. */
  tightness: NanoAgentError | null;
}

/**
 * Plans how the model of a config would be loaded, without loading anything: on this machine with the memory that there is
 * now, or on a remote device. `budgetBytes` is what the model may take with its process: the agent's budget less the
 * program's share and what its MCP servers are expected to take. Servers may take less: where the model fits only without
 * them, that is a plan with `tightness`. Throws what opening the model would throw.
 */
export async function planLocalModel(
  config: NanoAgentConfig & { model_path: string },
  options: PlanOptions = {},
): Promise<LocalPlan> {
  const { optimizer } = await importModelPeers();
  const { spec, device, engine, model_path } = config;
  const expected = expectedServers(config);
  const whole = {
    ...(await readPlanFacts({ device, maxMemoryMb: spec.max_memory_mb, hasTools: mayOfferTools(config) }, options)),
    ...expected,
  };
  const header = await optimizer.readGguf(model_path);
  const notices = await noticesOf(header, optimizer, engine);
  const templates = templatesIn(header);
  const planWithin = (facts: PlanFacts) =>
    planModel(header, optimizer, facts, { contextTokens: engine?.context, neededTokens: options.neededTokens });
  const budgetBytes = Math.max(0, whole.budgetBytes - (expected?.expectedBytes ?? 0));
  try {
    const plan = await planWithin({ ...whole, budgetBytes });
    return { plan, budgetBytes, notices, templates, expected, tightness: null };
  } catch (error) {
    if (expected === null || !NanoAgentError.isInstance(error) || error.code !== "does-not-fit") throw error;
    const plan = await planWithin(whole);
    return { plan, budgetBytes: whole.budgetBytes, notices, templates, expected, tightness: error };
  }
}
