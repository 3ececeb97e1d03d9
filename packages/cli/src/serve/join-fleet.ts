import { readFile } from "node:fs/promises";
import path from "node:path";
import type { CardBundle, CardFacts, Updater } from "@nanoagent/fleet";
import type { NanoAgentConfigInput } from "@nanoagent/models";
import type { Agent } from "@nanoagent/runtime";
import type { JoinFleet } from "@nanoagent/server";
import type { OptionValues } from "../command-line/command.js";
import { DEFAULT_CONFIG_FILE, hasDefaultConfig } from "../config/default-config-file.js";

/** Registers the agents of a service in their fleet. The fleet's code is not loaded for agents without one. */
export class FleetJoiner {
  readonly #values: OptionValues;
  readonly #findUpdater: () => Promise<Updater>;
  /** Hashes of the file at the time when it was read, of configs and of their agents. It may have changed since. */
  readonly #hashes = new WeakMap<NanoAgentConfigInput | Agent, string | null>();

  constructor(values: OptionValues, findUpdater: () => Promise<Updater>) {
    this.#values = values;
    this.#findUpdater = findUpdater;
  }

  /** Opens the agent of a config that was just read, or was opened before. */
  async open(config: NanoAgentConfigInput, open: () => Promise<Agent>): Promise<Agent> {
    if (config.fleet === undefined) return open();
    const hash = this.#hashes.has(config) ? this.#hashes.get(config) : await hashOf(await configFileOf(this.#values));
    const agent = await open();
    for (const owner of [config, agent]) this.#hashes.set(owner, hash ?? null);
    return agent;
  }

  readonly join: JoinFleet = async (seat) => {
    const { openFleetMember } = await import("@nanoagent/fleet");
    const { fleet: settings = {} } = seat.agent.agent.config;
    const updater = await this.#findUpdater();
    return openFleetMember(seat, { settings, readFacts: (agent) => this.#readFacts(agent, updater), updater });
  };

  async #readFacts(agent: Agent, updater: Updater): Promise<CardFacts> {
    const { DeviceProfiler, readDeviceMeasurement } = await import("@nanoagent/profiler");
    const dataPath = agent.config.session?.dir;
    const [device, { measurement, stale }, bundle] = await Promise.all([
      new DeviceProfiler().profileInDetail({ dataPath }),
      readDeviceMeasurement(),
      bundleOf(await configFileOf(this.#values)),
    ]);
    const config_sha256 = this.#hashes.get(agent) ?? null;
    const takes_updates = updater.root !== null && (agent.config.fleet?.trust ?? []).length > 0;
    return { device, measurement: stale === null ? measurement : null, config_sha256, bundle, takes_updates };
  }
}

/** Returns the path of the config that a service reads, or null for an agent that a model alone makes. */
export async function configFileOf({ config, model }: OptionValues): Promise<string | null> {
  if (config !== undefined) return String(config);
  return model === undefined || (await hasDefaultConfig()) ? DEFAULT_CONFIG_FILE : null;
}

async function hashOf(file: string | null): Promise<string | null> {
  const bytes = file === null ? null : await readFile(file).catch(() => null);
  if (bytes === null) return null;
  const { createHash } = await import("node:crypto");
  return createHash("sha256").update(bytes).digest("hex");
}

/** Returns the bundle that a config is from: it is at `ROOT/current/NAME`. */
async function bundleOf(configFile: string | null): Promise<CardBundle | null> {
  if (configFile === null || path.basename(path.dirname(path.resolve(configFile))) !== "current") return null;
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
