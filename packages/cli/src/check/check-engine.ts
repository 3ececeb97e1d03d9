import type { MemoryProbe, NanoAgentConfig } from "@nanoagent/models";
import {
  checkEngine as checkEngineOf,
  findUnusedSettings,
  type ResolveModel,
  resolveModelName,
} from "@nanoagent/runtime/program";
import { type PlanningDevice, remoteDevice } from "../optimize/planning-device.js";
import type { CheckReport } from "./check-report.js";

interface EngineCheckOptions {
  elsewhere: PlanningDevice | null;
  neededTokens: number;
  memory?: MemoryProbe | undefined;
  findModel: ResolveModel;
}

/** Checks the engine's settings, whether its model fits, and which settings have no effect on it. */
export async function checkEngine(
  report: CheckReport,
  named: NanoAgentConfig,
  { elsewhere, neededTokens, memory, findModel }: EngineCheckOptions,
): Promise<void> {
  const part = report.part("Engine");
  let config: NanoAgentConfig;
  try {
    config = await resolveModelName(named, findModel);
  } catch (error) {
    part.summary = "the model cannot be used";
    part.reject(["model_path"], error);
    return;
  }
  const { summary, issues, model } = await checkEngineOf(config, {
    ownsProgram: true,
    neededTokens,
    memory,
    remote: elsewhere === null ? undefined : remoteDevice(elsewhere),
  });
  part.summary = summary;
  report.model = model;
  for (const { severity, path, ...issue } of issues) {
    if (severity === "error") part.error(path, issue);
    else part.warn(path, issue);
  }
  for (const { path, message } of findUnusedSettings(config)) part.warn(path, { code: "no-effect", message });
}
