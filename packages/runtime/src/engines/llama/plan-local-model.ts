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

/**
 * Size of the context that scores tools, in tokens: about a dozen tools with descriptions, example messages, and the
 * message.
 */
const CHOOSING_TOKENS = 1024;

/** Properties of a remote device that a plan depends on. */
export interface RemoteDevice {
  /** Memory available to an agent on the device, in bytes. */
  availableBytes: number;
  cpuFeatures: readonly string[] | null;
  measurement: DeviceMeasurement | null;
}

/** An agent's budget: its device, and the memory limit including its program. */
export interface AgentBudget {
  device: EdgeDevice;
  /** Same as `spec.max_memory_mb`, in MB of 2^20 bytes. */
  maxMemoryMb: number;
  /** Whether the agent may offer tools to its model. Default: false. */
  hasTools?: boolean | undefined;
}

export interface PlanOptions {
  /** Same as in `EngineOptions`. Default: false. */
  ownsProgram?: boolean | undefined;
  /** Same as in `OpenEngineOptions`. */
  neededTokens?: number | undefined;
  /** Reads the available memory. Default: this machine's probe. */
  memory?: MemoryProbe | undefined;
  /** Device to plan for if it is not this machine. */
  remote?: RemoteDevice | undefined;
}

/** Returns the budget of the whole agent in bytes, limited by the device's memory. */
export function agentLimitBytes({ device, maxMemoryMb }: AgentBudget): number {
  return Math.floor(Math.min(maxMemoryMb, device.memory_mb) * BYTES_PER_MB);
}

/** Returns the facts that all plans of an agent share. */
export function agentFacts(device: EdgeDevice, hasTools: boolean) {
  return { device, constrainsOutput: "auto", choosingTokens: hasTools ? CHOOSING_TOKENS : 0 } as const;
}

/**
 * Reads the facts that determine the plan of any model: its share of the agent's budget, and the CPU. `check` and
 * `optimize` read them here; the plans of `run` use the same facts.
 */
export async function readPlanFacts(
  budget: AgentBudget,
  { ownsProgram = false, memory, remote }: PlanOptions = {},
): Promise<PlanFacts> {
  const limitBytes = agentLimitBytes(budget);
  const facts = agentFacts(budget.device, budget.hasTools ?? false);
  if (remote !== undefined) {
    // The program needs memory on that device, too.
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

/** Settings of one plan, in addition to the facts. */
export interface PlanSettings {
  /** Same as `engine.context`. Default: `auto`. */
  contextTokens?: number | "auto" | undefined;
  /** Context that requests and conversations need, in tokens. `auto` provides it if it fits. Default: 0. */
  neededTokens?: number | undefined;
  /** Planner to use instead of `@nanoagent/optimizer`. */
  planner?: FitPlanner | undefined;
  /** Settings that were reduced because memory is short. Default: none. */
  ladder?: LadderSettings | undefined;
}

/** Plans how to load the model of a header. Throws `does-not-fit`, and errors in the file. */
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
  // Under pressure, a context shorter than the ladder's limit is better than none.
  const most = Math.min(contextTokens === "auto" ? enoughTokens : contextTokens, ladder.contextTokens);
  const longest = await plan("auto", most);
  return longest.context_tokens <= most ? longest : plan(most);
}

/** A notice about a model. */
type LocalNotice = Omit<ModelNotice, "code"> & { code: string };

/** Lists the notices about a model with these `engine` settings. */
async function noticesOf(
  header: GgufHeader,
  { modelNotices }: Pick<Optimizer, "modelNotices">,
  { context: contextTokens = "auto", thinking }: Pick<EngineSettings, "context" | "thinking"> = {},
): Promise<LocalNotice[]> {
  const notices = modelNotices(header, contextTokens === "auto" ? null : contextTokens);
  const { templateNotices } = await import("./template-notices.js");
  return [...notices, ...templateNotices({ ...templatesIn(header), thinking })];
}

/** Chat templates of a model file: the general one, and one for conversations with tools. Null where missing. */
export interface ModelFileTemplates {
  chatTemplate: string | null;
  toolTemplate: string | null;
}

/** Returns the chat templates of a model file. */
export function templatesIn({ tokenizer }: GgufHeader): ModelFileTemplates {
  const { default: standard = null, tool_use = null } = tokenizer.named_chat_templates;
  return { chatTemplate: tokenizer.chat_template ?? standard, toolTemplate: tool_use };
}

/** Plan of a config's model, with notices. */
export interface LocalPlan {
  plan: FitPlan;
  /** Memory limit for the model and its process, in bytes. */
  budgetBytes: number;
  notices: LocalNotice[];
  templates: ModelFileTemplates;
  /** Memory that the budget reserves for processes that are yet to start, or null if the agent has none. */
  expected: ExpectedProcesses | null;
  /** Error of a model that only fits if those processes stay below their estimates, otherwise null. */
  tightness: NanoAgentError | null;
}

/**
 * Plans how a config's model would be loaded, without loading it: on this machine with the memory available now, or on
 * a remote device. `budgetBytes` is the limit for the model and its process: the agent's budget minus the program's
 * share and the estimates for its MCP servers. Servers may need less, so a model that fits only without them yields a
 * plan with `tightness`. Throws the errors that opening the model would throw.
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
