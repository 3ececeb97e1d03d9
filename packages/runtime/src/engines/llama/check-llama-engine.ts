import path from "node:path";
import { BYTES_PER_MB, type MemoryProbe, type NanoAgentConfig, NanoAgentError } from "@nanoagent/models";
import { callFormFact } from "../../tool-calls/own-call-form.js";
import type { EngineCheck, EngineIssue } from "../engine-check.js";
import { learnCallForm } from "./chat-template.js";
import { checkLlamaAddon } from "./check-llama-addon.js";
import { mayOfferTools } from "./may-offer-tools.js";
import { type LocalPlan, type ModelFileTemplates, planLocalModel, type RemoteDevice } from "./plan-local-model.js";

export interface LlamaCheckOptions {
  /** Same as in `EngineOptions`. */
  ownsProgram?: boolean | undefined;
  /** Same as in `OpenEngineOptions`. */
  neededTokens?: number | undefined;
  /** Reads the available memory. Default: this machine's probe. */
  memory?: MemoryProbe | undefined;
  /** Device that the agent is for. Default: this device. */
  remote?: RemoteDevice | undefined;
  /** Whether to skip the plan because the model file is known to be unusable. Default: false. */
  skipsFit?: boolean | undefined;
}

/** Checks whether a config's model fits and, on this device, whether llama.cpp can be loaded. Loads neither. */
export async function checkLlamaEngine(
  config: NanoAgentConfig & { model_path: string },
  { ownsProgram = false, memory, remote, neededTokens, skipsFit = false }: LlamaCheckOptions = {},
): Promise<EngineCheck> {
  const check: EngineCheck = { summary: path.basename(config.model_path), issues: [], model: null };
  // A budget above the device's memory is rejected before planning.
  if (skipsFit || config.spec.max_memory_mb > config.device.memory_mb) return check;
  const reject = (error: unknown) => {
    if (!NanoAgentError.isInstance(error)) throw error;
    const { code, message, reason, hint } = error;
    check.issues.push({ severity: "error", path: ["model_path"], code, message, reason, hint });
  };
  try {
    const planned = await planLocalModel(config, { ownsProgram, memory, remote, neededTokens });
    const { plan, budgetBytes, notices, expected, tightness } = planned;
    const form = mayOfferTools(config) && plan.constrains_output ? `; ${describeCalls(planned.templates)}` : "";
    check.summary = describePlan(planned) + form;
    check.model = { plan, budgetBytes };
    if (expected !== null && tightness !== null) {
      check.issues.push({
        severity: "warning",
        path: ["spec", "max_memory_mb"],
        code: "servers-not-counted",
        message: `The model may not fit together with ${expected.expectedFor}, which may need about ${mb(expected.expectedBytes)} MB.`,
        reason: "A check does not start servers, so their memory is only estimated.",
        hint: tightness.hint,
      });
    }
    for (const { about, ...notice } of notices) {
      const path = about === "context" ? ["engine", "context"] : ["model_path"];
      check.issues.push({ severity: "warning", path, ...notice });
    }
    if (!plan.constrains_output) check.issues.push(withoutSchemas(config));
  } catch (error) {
    reject(error);
  }
  if (remote === undefined) await checkLlamaAddon().catch(reject);
  return check;
}

function withoutSchemas({ spec, device }: NanoAgentConfig): EngineIssue {
  return {
    severity: "warning",
    path: ["spec", "max_memory_mb"],
    code: "no-room-for-schemas",
    message: "Not enough memory to enforce a schema. Replies with a schema and tool calls are refused.",
    hint:
      spec.max_memory_mb < device.memory_mb
        ? "Lower engine.context, or raise spec.max_memory_mb."
        : "Lower engine.context. spec.max_memory_mb already equals the device's memory.",
  };
}

function describePlan({ plan, budgetBytes, expected, tightness }: LocalPlan): string {
  const { model_path, model, context_tokens, longest_context_tokens = context_tokens, ledger } = plan;
  const kind = model.architecture === null ? "" : ` (${model.architecture})`;
  const takes = `takes ${mb(ledger.peak_resident_bytes)} of ${mb(budgetBytes)} MB`;
  const beside =
    expected === null || tightness !== null
      ? ""
      : ` plus about ${mb(expected.expectedBytes)} MB for ${expected.expectedFor}`;
  const longest = longest_context_tokens > context_tokens ? ` (${longest_context_tokens} would fit)` : "";
  return `${path.basename(model_path)}${kind}, ${context_tokens} tokens of context${longest}, ${takes}${beside}`;
}

/** Describes how the model calls tools, as far as the header shows. Tags are compared as text in the template. */
function describeCalls(templates: ModelFileTemplates): string {
  const verdict = learnCallForm({ ...templates, bosToken: "<s>", eosToken: "</s>", isControlToken: () => false });
  const { name, reason } = callFormFact(verdict);
  return `calls tools as ${name}: ${reason}`;
}

function mb(bytes: number): string {
  return (bytes / BYTES_PER_MB).toFixed(0);
}
