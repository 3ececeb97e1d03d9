import path from "node:path";
import { type FitPlan, type NanoAgentConfig, NanoAgentError } from "@nanoagent/models";
import { checkModelFile, findUnusedSettings } from "@nanoagent/runtime/node";
import type { PlanningDevice } from "../optimize/planning-device.js";
import type { CheckedPart, CheckReport } from "./check-report.js";

type PlanLocalModel = typeof import("@nanoagent/runtime/engines/llama").planLocalModel;

const BYTES_PER_MB = 2 ** 20;

/** Who answers: is it there, and does it fit? `elsewhere` is the device in question where that is not this one. */
export async function checkEngine(
  report: CheckReport,
  config: NanoAgentConfig,
  elsewhere: PlanningDevice | null,
): Promise<void> {
  const { engine, model_path } = config;
  const type = engine?.type ?? (model_path === null ? "rules" : "llama");
  const part = report.part("Engine");
  if (model_path !== null) await checkFile(part, { ...config, model_path });
  if (type === "rules") part.summary = "the built-in rules";
  else if (type === "openai-compatible") await checkServer(part, config);
  else if (model_path === null) {
    part.summary = "llama, without a model";
    part.error(["engine", "type"], {
      code: "engine-unavailable",
      message: 'The engine "llama" needs a model, and the config names none.',
      hint: "Set model_path to a GGUF file.",
    });
  } else {
    part.summary = path.basename(model_path);
    if (part.status === "ok") report.model = await checkFit(part, { ...config, model_path }, elsewhere);
  }
  for (const { path: keys, message } of findUnusedSettings(config, type)) {
    part.warn(keys, { code: "no-effect", message });
  }
}

async function checkFile(part: CheckedPart, config: NanoAgentConfig & { model_path: string }): Promise<void> {
  try {
    await checkModelFile(config.model_path, config.spec.max_model_size_mb, config.model_root ?? null);
  } catch (error) {
    const isTooLarge = NanoAgentError.isInstance(error) && error.code === "model-too-large";
    part.reject(isTooLarge ? ["spec", "max_model_size_mb"] : ["model_path"], error);
  }
}

async function checkServer(part: CheckedPart, { engine = {} }: NanoAgentConfig): Promise<void> {
  const { checkServerSettings } = await import("@nanoagent/runtime/engines/openai-compatible");
  part.summary = "a server";
  try {
    part.summary = `the server at ${checkServerSettings(engine)}, which was not asked`;
  } catch (error) {
    part.reject(["engine"], error);
  }
}

async function checkFit(
  part: CheckedPart,
  config: NanoAgentConfig & { model_path: string },
  elsewhere: PlanningDevice | null,
): Promise<CheckReport["model"]> {
  // Said of the memory already; there is no budget to plan within.
  if (config.spec.max_memory_mb > config.device.memory_mb) return null;
  const { checkLlamaAddon, planLocalModel } = await import("@nanoagent/runtime/engines/llama");
  const model = await planModel(part, config, elsewhere, planLocalModel);
  if (elsewhere === null) await checkLlamaAddon().catch((error) => part.reject(["model_path"], error));
  return model;
}

async function planModel(
  part: CheckedPart,
  config: NanoAgentConfig & { model_path: string },
  elsewhere: PlanningDevice | null,
  planLocalModel: PlanLocalModel,
): Promise<CheckReport["model"]> {
  try {
    const { plan, budgetBytes, constrainsOutput } = await planLocalModel(config, {
      ownsProgram: true,
      elsewhere: elsewhere === null ? undefined : groundsOf(elsewhere),
    });
    part.summary = describePlan(plan, budgetBytes);
    if (!constrainsOutput) {
      part.warn(["spec", "max_memory_mb"], {
        code: "no-room-for-schemas",
        message: "There is no room to hold replies and tool calls to a schema; those that need it are refused.",
        hint:
          config.spec.max_memory_mb < config.device.memory_mb
            ? "Lower engine.context, or raise spec.max_memory_mb."
            : "Lower engine.context. spec.max_memory_mb is all that the device has.",
      });
    }
    return { plan, budgetBytes };
  } catch (error) {
    part.reject(["model_path"], error);
    return null;
  }
}

function groundsOf({ cpuFeatures, measurement, budgetBytes }: PlanningDevice) {
  return { cpuFeatures, threadTrials: measurement?.thread_trials ?? [], availableBytes: budgetBytes };
}

function describePlan({ model_path, model, context_tokens, ledger }: FitPlan, budgetBytes: number): string {
  const takes = (ledger.peak_resident_bytes / BYTES_PER_MB).toFixed(0);
  const may = (budgetBytes / BYTES_PER_MB).toFixed(0);
  const kind = model.architecture === null ? "" : ` (${model.architecture})`;
  return `${path.basename(model_path)}${kind}, ${context_tokens} tokens of context, takes ${takes} of ${may} MB`;
}
