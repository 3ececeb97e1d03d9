import type { RegisteredAgent } from "@nanoagent/fleet";
import { BYTES_PER_MB, type FitPlan, type ForecastLine, NanoAgentError } from "@nanoagent/models";
import { DoesNotFitError, missedFloors, type PlanGoal } from "@nanoagent/optimizer";
import { checkModelFile } from "@nanoagent/runtime/program";
import type { FoundModels } from "../optimize/find-models.js";
import { mb } from "../optimize/format-plans.js";
import { planFactsFor } from "../optimize/plan-facts-for.js";
import { planModels } from "../optimize/plan-models.js";
import { remotePlanningDevice, withBudget } from "../optimize/planning-device.js";

/** Whether an agent's device could run a model, and how. */
export interface AgentFit {
  readonly id: string;
  readonly online: boolean;
  readonly fits: boolean;
  /** Memory that the agent may use, in MB of 2^20 bytes. */
  readonly budget_mb: number;
  readonly context_tokens: number | null;
  /** Peak memory of the model, in MB of 2^20 bytes. */
  readonly memory_mb: number | null;
  /** Speed of an answer at its start; null if it is not known. */
  readonly tokens_per_second: ForecastLine | null;
  /** Minimums that the plan misses, one sentence each. */
  readonly missed: readonly string[];
  /** The best plan, or null. */
  readonly plan: FitPlan | null;
  /** Why it does not fit, or null. */
  readonly reason: string | null;
  /** Code of that error, or null. */
  readonly code: string | null;
}

interface FitOptions {
  /** The model as it was named. */
  readonly model: string;
  readonly contextTokens: number | undefined;
  /** Budget for every agent, in MB of 2^20 bytes. Default: that of its card. */
  readonly budgetMb: number | undefined;
}

/**
 * Plans a model for the device of each agent, as `nanoagent optimize --device` does. A file that is larger than the agent allows
 * does not fit. Equal devices are planned once.
 */
export async function fitAgents(
  agents: readonly RegisteredAgent[],
  found: FoundModels,
  { model, contextTokens, budgetMb }: FitOptions,
): Promise<AgentFit[]> {
  // Devices get the file as it is: they do not quantize it.
  const goal: PlanGoal = { contextTokens, mayQuantize: false };
  const known = new Map<string, Omit<AgentFit, "id" | "online">>();
  const fits: AgentFit[] = [];
  for (const { id, online, card } of agents) {
    const { device, measurement, agent } = card;
    const budget_mb = budgetMb ?? agent.max_memory_mb;
    // The name of a device is not a part of its plan.
    const key = JSON.stringify([{ ...device, device_id: "device" }, measurement, budget_mb, agent.max_model_size_mb]);
    let fit = known.get(key);
    if (fit === undefined) {
      const described = withBudget(remotePlanningDevice(device, measurement), budget_mb, "the agent's budget");
      const facts = await planFactsFor(described);
      const planned = planModels(found, { model, facts, measurement, goal });
      const { plan, refusal } = await choosePlan(planned, agent.max_model_size_mb);
      fit = {
        fits: plan !== null,
        budget_mb,
        context_tokens: plan?.context_tokens ?? null,
        memory_mb: plan === null ? null : plan.ledger.peak_resident_bytes / BYTES_PER_MB,
        tokens_per_second: plan?.forecast?.decode_at_start ?? null,
        missed: plan === null ? [] : missedFloors(plan, goal),
        plan,
        reason: refusal === null ? null : describeRefusal(refusal),
        code: refusal?.code ?? null,
      };
      known.set(key, fit);
    }
    fits.push({ id, online, ...fit });
  }
  return fits;
}

/** Returns the best plan whose model file is at most `maxModelSizeMb` large, or the error that says why no plan fits. */
async function choosePlan(
  { plans, refusal }: ReturnType<typeof planModels>,
  maxModelSizeMb: number,
): Promise<{ plan: FitPlan | null; refusal: NanoAgentError | null }> {
  let problem = refusal;
  for (const plan of plans) {
    try {
      await checkModelFile(plan.model_path, maxModelSizeMb, null);
      return { plan, refusal: null };
    } catch (error) {
      if (!NanoAgentError.isInstance(error)) throw error;
      problem ??= error;
    }
  }
  return { plan: null, refusal: problem };
}

/** Describes a refusal in one sentence. That of a model that does not fit names the whole sum, which is too long here. */
function describeRefusal(refusal: NanoAgentError): string {
  if (!(refusal instanceof DoesNotFitError)) return refusal.message;
  const { ledger, budget_bytes } = refusal;
  const room = Math.max(0, budget_bytes);
  return `It needs ${mb(ledger.peak_resident_bytes)} MB, and the agent has ${mb(room)} MB for a model.`;
}
