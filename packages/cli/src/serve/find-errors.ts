import type { MemoryProbe } from "@nanoagent/models";
import { DeviceMemoryProbe } from "@nanoagent/profiler";
import type { Agent } from "@nanoagent/runtime";
import { checkFile } from "../check/check-agent.js";
import type { Issue } from "../check/check-report.js";
import type { OptionValues } from "../command-line/command.js";
import { DEFAULT_CONFIG_FILE } from "../config/default-config-file.js";
import { modelFileOf } from "../named-models/model-file-of.js";
import { readPlanningDevice } from "../optimize/planning-device.js";
import type { Streams } from "../streams.js";

/** Checks the config of a service as `nanoagent check` does, for the time when the agent that runs now has ended. */
export async function findErrors(
  { config, model, device }: OptionValues,
  streams: Streams,
  running: Agent,
): Promise<Pick<Issue, "key" | "line" | "message" | "reason" | "hint">[]> {
  const { report } = await checkFile(String(config ?? DEFAULT_CONFIG_FILE), {
    device: device === undefined ? null : await readPlanningDevice({ device }),
    elsewhere: null,
    modelPath: model === undefined ? undefined : await modelFileOf(String(model), streams),
    memory: await probeWithout(running),
    streams,
  });
  return report.issues
    .filter(({ severity }) => severity === "error")
    .map(({ key, line, message, reason, hint }) => ({ key, line, message, reason, hint }));
}

/** Reads the memory that is available when an agent has ended: with what its engine takes now, or may still take. */
async function probeWithout(agent: Agent): Promise<MemoryProbe> {
  // An agent that is closed takes no memory.
  const report = await agent.memory().catch(() => null);
  const bytes = report?.engine?.plan?.ledger.peak_resident_bytes ?? 0;
  const probe = new DeviceMemoryProbe();
  return {
    async read() {
      const reading = await probe.read();
      const { available_bytes, machine_available_bytes = available_bytes } = reading;
      return {
        ...reading,
        available_bytes: available_bytes + bytes,
        machine_available_bytes: machine_available_bytes + bytes,
      };
    },
  };
}
