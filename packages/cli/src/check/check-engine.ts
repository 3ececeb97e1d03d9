import type { NanoAgentConfig } from "@nanoagent/models";
import { checkEngine as checkEngineOf, findUnusedSettings } from "@nanoagent/runtime/program";
import { type PlanningDevice, remoteDevice } from "../optimize/planning-device.js";
import type { CheckReport } from "./check-report.js";

/** Checks the engine's settings, whether its model fits, and which settings have no effect on it. */
export async function checkEngine(
  report: CheckReport,
  config: NanoAgentConfig,
  { elsewhere, neededTokens }: { elsewhere: PlanningDevice | null; neededTokens: number },
): Promise<void> {
  const part = report.part("Engine");
  const { summary, issues, model } = await checkEngineOf(config, {
    ownsProgram: true,
    neededTokens,
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
