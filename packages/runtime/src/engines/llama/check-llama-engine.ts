import path from "node:path";
import { BYTES_PER_MB, type FitPlan, type NanoAgentConfig, NanoAgentError } from "@nanoagent/models";
import type { EngineCheck, EngineIssue } from "../engine-check.js";
import { checkLlamaAddon } from "./check-llama-addon.js";
import { planLocalModel, type RemoteDevice } from "./plan-local-model.js";

export interface LlamaCheckOptions {
  /** As in `EngineOptions`. */
  ownsProgram?: boolean | undefined;
  /** The device that the agent is for, where it is not this one. Default: this one. */
  remote?: RemoteDevice | undefined;
  /** Whether the model file is known to be unusable, so that no plan is made. Default: false. */
  skipsFit?: boolean | undefined;
}

/** Checks whether a config's model fits and, on this device, whether llama.cpp can be loaded. Loads neither. */
export async function checkLlamaEngine(
  config: NanoAgentConfig & { model_path: string },
  { ownsProgram = false, remote, skipsFit = false }: LlamaCheckOptions = {},
): Promise<EngineCheck> {
  const check: EngineCheck = { summary: path.basename(config.model_path), issues: [], model: null };
  // An agent that may take more than its device has is refused before anything is planned.
  if (skipsFit || config.spec.max_memory_mb > config.device.memory_mb) return check;
  const reject = (error: unknown) => {
    if (!NanoAgentError.isInstance(error)) throw error;
    const { code, message, reason, hint } = error;
    check.issues.push({ severity: "error", path: ["model_path"], code, message, reason, hint });
  };
  try {
    const { plan, budgetBytes, notices } = await planLocalModel(config, { ownsProgram, remote });
    check.summary = describePlan(plan, budgetBytes);
    check.model = { plan, budgetBytes };
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
    message: "There is no room to hold replies and tool calls to a schema; those that need it are refused.",
    hint:
      spec.max_memory_mb < device.memory_mb
        ? "Lower engine.context, or raise spec.max_memory_mb."
        : "Lower engine.context. spec.max_memory_mb is all that the device has.",
  };
}

function describePlan({ model_path, model, context_tokens, ledger }: FitPlan, budgetBytes: number): string {
  const takes = (ledger.peak_resident_bytes / BYTES_PER_MB).toFixed(0);
  const may = (budgetBytes / BYTES_PER_MB).toFixed(0);
  const kind = model.architecture === null ? "" : ` (${model.architecture})`;
  return `${path.basename(model_path)}${kind}, ${context_tokens} tokens of context, takes ${takes} of ${may} MB`;
}
