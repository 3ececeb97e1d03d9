import { type MemoryProbe, type NanoAgentConfig, NanoAgentError } from "@nanoagent/models";
import { LocalMachine } from "@nanoagent/profiler";
import { InvalidConfigError } from "@nanoagent/runtime/node";
import {
  canLimitProcesses,
  neededContext,
  ownCodeReservation,
  type PlacedConfig,
  type ResolveModel,
  readDataLimit,
  readPlacedConfig,
} from "@nanoagent/runtime/program";
import type { CommandAction } from "../command-line/command.js";
import { DEFAULT_CONFIG_FILE } from "../config/default-config-file.js";
import { exitCodeFor } from "../errors/present-error.js";
import { findNamedModel } from "../named-models/find-named-model.js";
import { type PlanningDevice, readPlanningDevice } from "../optimize/planning-device.js";
import { formatJson } from "../output/format.js";
import type { Streams } from "../streams.js";
import { checkActs } from "./check-acts.js";
import { checkCapabilities } from "./check-capabilities.js";
import { checkContext, fixedTexts } from "./check-context.js";
import { checkEngine } from "./check-engine.js";
import { checkFleet } from "./check-fleet.js";
import { checkIntents } from "./check-intents.js";
import { checkMcpServers } from "./check-mcp-servers.js";
import { checkMemory, type LimitingSystem } from "./check-memory.js";
import { checkMqtt } from "./check-mqtt.js";
import { CheckReport } from "./check-report.js";
import { checkServe } from "./check-serve.js";
import { checkSession } from "./check-session.js";
import { checkSkills } from "./check-skills.js";
import { checkTools } from "./check-tools.js";
import { checkTriggers } from "./check-triggers.js";
import { formatReport, reportToJson } from "./format-report.js";

/** Checks everything in a config that can be checked without running it, and prints the report. */
export const checkAgent: CommandAction = async (values, streams) => {
  const file = String(values.config ?? DEFAULT_CONFIG_FILE);
  const device = values.device === undefined ? null : await readPlanningDevice({ device: values.device });
  // Programs and folders of another device are not checked.
  const elsewhere = device?.isThisOne === false ? device : null;
  const { report, config } = await checkFile(file, { device, elsewhere, streams });
  streams.stdout.write(values.json ? formatJson(reportToJson(report, config)) : formatReport(report, config));
  return report.exitCode;
};

interface CheckFileOptions {
  /** Device to use instead of the config's, or null. */
  device: PlanningDevice | null;
  /** The same if it is not this machine, otherwise null. */
  elsewhere: PlanningDevice | null;
  /** Model file to use instead of the config's. */
  modelPath?: string | undefined;
  /** Address to serve on instead of the config's. */
  host?: string | undefined;
  /** Port to serve on instead of the config's. */
  port?: number | undefined;
  /** Reads the available memory. Default: this machine's probe. */
  memory?: MemoryProbe | undefined;
  /** Finds the file of a model by its name. Default: finds it, and hashes one that was never hashed. */
  findModel?: ResolveModel | undefined;
  /** Ends the check before its next long part. */
  signal?: AbortSignal | undefined;
  streams: Pick<Streams, "stderr" | "stop">;
}

export interface Checked {
  report: CheckReport;
  /** Null if the file is not a valid config. */
  config: NanoAgentConfig | null;
}

/** Checks everything in a config file that can be checked without running it. */
export async function checkFile(
  file: string,
  { device, elsewhere, modelPath, host, port, memory, findModel, signal, streams }: CheckFileOptions,
): Promise<Checked> {
  let placed: PlacedConfig;
  try {
    placed = await readPlacedConfig(
      file,
      device === null ? {} : { device: "auto", profile: async () => device.device },
    );
  } catch (error) {
    return { report: rejectFile(file, error), config: null };
  }
  const { placeOf } = placed;
  const config = modelPath === undefined ? placed.config : { ...placed.config, model_path: modelPath };
  const report = new CheckReport(file, placeOf);
  await checkMemory(report, config, elsewhere === null ? thisSystem() : null);
  const place = report.parts.length;
  const tools = await checkTools(report, config, elsewhere === null);
  await checkMcpServers(report, config, elsewhere === null);
  checkIntents(report, config, tools);
  const skills = await checkSkills(report, config);
  checkCapabilities(report, config, { skills, tools });
  const texts = await fixedTexts(config, { skills, tools });
  // The engine is reported before the parts whose texts its plan needs room for.
  const others = report.parts.splice(place);
  signal?.throwIfAborted();
  await checkEngine(report, config, {
    elsewhere,
    neededTokens: neededContext(texts),
    memory,
    findModel: findModel ?? ((name) => findNamedModel(name, streams, file)),
  });
  checkActs(report);
  report.parts.push(...others);
  checkContext(report, config, texts);
  signal?.throwIfAborted();
  if (elsewhere === null) await checkSession(report, config);
  await checkTriggers(report, config, tools, elsewhere === null);
  await checkMqtt(report, config, elsewhere === null);
  await checkFleet(report, config, elsewhere === null);
  await checkServe(report, config, { isHere: elsewhere === null, host, port });
  return { report, config };
}

function thisSystem(): LimitingSystem {
  return {
    machine: new LocalMachine(),
    canLimitProcesses: canLimitProcesses(),
    dataLimitBytes: readDataLimit(process.pid),
    reservedCodeBytes: ownCodeReservation(),
  };
}

/** Returns the report for an invalid config: its issues with their positions, or why it cannot be read. */
function rejectFile(file: string, error: unknown): CheckReport {
  const report = new CheckReport(file, null);
  const part = report.part("Config");
  part.summary = "cannot be used";
  if (!(error instanceof InvalidConfigError) || error.issues.length === 0) {
    // Other errors are presented as they are by every command.
    if (!NanoAgentError.isInstance(error) || exitCodeFor(error) !== 2) throw error;
    const { code, hint: known } = error;
    const isEnough = code !== "config-unreadable" || known?.includes("nanoagent init");
    const hint = isEnough ? known : `${known} nanoagent init creates a config.`;
    part.error([], { code: error.code, message: error.message, reason: error.reason, hint });
    return report;
  }
  for (const { key, line, column, message } of error.issues) {
    part.issues.push({
      severity: "error",
      code: error.code,
      key,
      line,
      column,
      message,
      reason: null,
      hint: null,
    });
  }
  return report;
}
