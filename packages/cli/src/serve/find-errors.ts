import type { MemoryProbe } from "@nanoagent/models";
import { DeviceMemoryProbe } from "@nanoagent/profiler";
import type { Agent } from "@nanoagent/runtime";
import { checkModelFile } from "@nanoagent/runtime/program";
import { checkFile } from "../check/check-agent.js";
import type { Issue } from "../check/check-report.js";
import type { OptionValues } from "../command-line/command.js";
import { DEFAULT_CONFIG_FILE } from "../config/default-config-file.js";
import { modelFileOf } from "../named-models/model-file-of.js";
import { readPlanningDevice } from "../optimize/planning-device.js";
import type { Streams } from "../streams.js";

/** A problem of a config, for the log. */
interface ConfigProblem extends Pick<Issue, "line" | "message" | "reason" | "hint"> {
  /** Null for a problem of an option. */
  file: string | null;
  /** Key of the config, or option of the command line. */
  key: string;
}

/**
 * Checks the config of a service as `nanoagent check` does, for the time when the agent that runs now has ended. Throws the
 * error of a model file that `--model` names and that cannot be read.
 */
export async function findErrors(
  { config, model, device, host, port }: OptionValues,
  streams: Streams,
  running: Agent,
): Promise<ConfigProblem[]> {
  const file = String(config ?? DEFAULT_CONFIG_FILE);
  const modelPath = model === undefined ? undefined : await modelFileOf(String(model), streams);
  if (modelPath !== undefined) await checkModelFile(modelPath, Number.POSITIVE_INFINITY, null, "--model");
  const { report } = await checkFile(file, {
    device: device === undefined ? null : await readPlanningDevice({ device }),
    elsewhere: null,
    modelPath,
    host: host === undefined ? undefined : String(host),
    port: port === undefined ? undefined : Number(port),
    memory: await probeWithout(running),
    streams,
  });
  return (
    report.issues
      // A service keeps its conversations in folders of their own: the session beside them does not concern it.
      .filter(({ severity, code }) => severity === "error" && code !== "session-format-unknown")
      .map(({ key, line, message, reason, hint }) =>
        key === "model_path" && modelPath !== undefined
          ? { file: null, key: "--model", line: null, message, reason, hint }
          : { file, key, line, message, reason, hint },
      )
  );
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
