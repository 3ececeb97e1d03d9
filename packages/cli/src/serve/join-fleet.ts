import { readFile } from "node:fs/promises";
import path from "node:path";
import type { CardBundle, CardFacts } from "@nanoagent/fleet";
import type { JoinFleet } from "@nanoagent/server";
import type { OptionValues } from "../command-line/command.js";
import { DEFAULT_CONFIG_FILE, hasDefaultConfig } from "../config/default-config-file.js";

/** Returns the function that registers the agent of a service in its fleet. Nothing of it is loaded before it is called. */
export function fleetJoiner(values: OptionValues): JoinFleet {
  return async (seat) => {
    const { openFleetMember } = await import("@nanoagent/fleet");
    const { agent } = seat;
    const { fleet: settings = {} } = agent.agent.config;
    const readFacts = async () => readCardFacts(await configFileOf(values), agent.agent.config.session?.dir);
    return openFleetMember(seat, { settings, readFacts, updater: null });
  };
}

/** Returns the path of the config that a service reads, or null for an agent that a model alone makes. */
export async function configFileOf({ config, model }: OptionValues): Promise<string | null> {
  if (config !== undefined) return String(config);
  return model === undefined || (await hasDefaultConfig()) ? DEFAULT_CONFIG_FILE : null;
}

async function readCardFacts(configFile: string | null, dataPath: string | undefined): Promise<CardFacts> {
  const { DeviceProfiler, readDeviceMeasurement } = await import("@nanoagent/profiler");
  const [device, { measurement, stale }, config_sha256, bundle] = await Promise.all([
    new DeviceProfiler().profileInDetail({ dataPath }),
    readDeviceMeasurement(),
    configFile === null ? null : hashOf(configFile),
    configFile === null ? null : bundleOf(configFile),
  ]);
  return { device, measurement: stale === null ? measurement : null, config_sha256, bundle };
}

/** Null where the file cannot be read: the agent runs from what was read before. */
async function hashOf(file: string): Promise<string | null> {
  const bytes = await readFile(file).catch(() => null);
  if (bytes === null) return null;
  const { createHash } = await import("node:crypto");
  return createHash("sha256").update(bytes).digest("hex");
}

/** Returns the bundle that a config is from: it is at `ROOT/current/NAME`. */
async function bundleOf(configFile: string): Promise<CardBundle | null> {
  if (path.basename(path.dirname(path.resolve(configFile))) !== "current") return null;
  const { readReleases, rootOfConfig } = await import("@nanoagent/fleet/bundles");
  try {
    const root = await rootOfConfig(configFile);
    const release = root === null ? null : (await readReleases(root)).current;
    return release && { name: release.name, version: release.version, sequence: release.sequence };
  } catch {
    // `nanoagent bundle list` says why.
    return null;
  }
}
