import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Updater, UpdaterHost } from "@nanoagent/fleet";
import type { ReleaseList, Releases } from "@nanoagent/fleet/bundles";
import { NanoAgentError } from "@nanoagent/models";
import type { AgentServer, ReleaseStatus } from "@nanoagent/server";
import type { UserSocket } from "@nanoagent/server/program";
import { errorFacts } from "./error-facts.js";
import type { ServeLog } from "./serve-log.js";

/** Time that another program has to leave the folder, such as a service that ends. */
const CLAIM_MILLISECONDS = 10_000;
const CLAIM_PAUSE_MILLISECONDS = 250;

export interface UpdatedService {
  readonly server: AgentServer;
  /** Loads what replaces the agent. */
  readonly openHost: () => Promise<UpdaterHost>;
}

/**
 * The updates of a service: the folder of releases that it runs from and has claimed, and its updater. Nothing of them is loaded
 * for an agent that runs from another folder and is in no fleet.
 */
export class ServiceUpdates {
  readonly #log: ServeLog;
  readonly #releases: Releases | null;
  #list: ReleaseList | null;
  #service: UpdatedService | null = null;
  #updater: Promise<Updater> | null = null;
  #last: ReleaseStatus["update"] = null;
  #socket: UserSocket | null = null;
  #isClosed = false;

  private constructor(log: ServeLog, releases: Releases | null, list: ReleaseList | null) {
    this.#log = log;
    this.#releases = releases;
    this.#list = list;
  }

  /**
   * Claims the folder of releases that a config is in. An update that was interrupted is finished or taken back, so this comes
   * before the config is read. Throws `FleetError` (`releases-busy`) while another program changes it. A folder that cannot be
   * changed is a warning: the agent is served without updates.
   */
  static async open(configFile: string | null, log: ServeLog, signal: AbortSignal): Promise<ServiceUpdates> {
    if (configFile === null || path.basename(path.dirname(path.resolve(configFile))) !== "current")
      return new ServiceUpdates(log, null, null);
    const { openReleases, readReleases, rootOfConfig } = await import("@nanoagent/fleet/bundles");
    const root = await rootOfConfig(configFile);
    if (root === null) return new ServiceUpdates(log, null, null);
    const until = performance.now() + CLAIM_MILLISECONDS;
    for (;;) {
      try {
        const releases = await openReleases(root, { name: "nanoagent serve" });
        if (releases.repaired !== null) {
          log.write({ level: "warn", event: "update-repaired", message: releases.repaired });
        }
        return new ServiceUpdates(log, releases, await readReleases(root));
      } catch (error) {
        if (!NanoAgentError.isInstance(error)) throw error;
        if (error.code !== "releases-busy") {
          const message = "The agent is served without updates.";
          log.write({ level: "warn", event: "updates-unavailable", message, ...errorFacts(error) });
          return new ServiceUpdates(log, null, await readReleases(root).catch(() => null));
        }
        if (performance.now() > until || signal.aborted) throw error;
        await delay(CLAIM_PAUSE_MILLISECONDS, undefined, { signal }).catch(() => {});
      }
    }
  }

  /** Names the service, before its agent joins a fleet. */
  prepare(service: UpdatedService): void {
    this.#service = service;
  }

  /** Begins to take updates through a socket of this user. */
  async listen(): Promise<void> {
    if (this.#releases === null || this.#isClosed) return;
    const { openUpdateSocket } = await import("../updates/update-socket.js");
    this.#socket = await openUpdateSocket(() => this.updater());
  }

  /** The updater of the service, which outlives its agents and connections. */
  updater(): Promise<Updater> {
    this.#updater ??= this.#openUpdater();
    return this.#updater;
  }

  /** The release that is in use and the last update, for the status. */
  readonly status = (): ReleaseStatus | null => {
    if (this.#list === null) return null;
    const { root, current } = this.#list;
    const bundle = current && { name: current.name, version: current.version, sequence: current.sequence };
    return { root, bundle, update: this.#last };
  };

  /** Abandons a running update, also in its change: the old release stays in use. Safe to call twice. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await (await this.#updater)?.close();
    await this.#socket?.close();
    this.#socket = null;
    await this.#releases?.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #openUpdater(): Promise<Updater> {
    const service = this.#service;
    if (service === null) throw new TypeError("The service has not started");
    const { Updater } = await import("@nanoagent/fleet");
    const updater = await Updater.open({
      releases: this.#releases,
      host: await service.openHost(),
      trust: () => service.server.agent.config.fleet?.trust ?? [],
      onNotice: ({ level, message }) =>
        this.#log.write({ level: level === "warning" ? "warn" : level, event: "update-notice", message }),
    });
    const look = () => void this.#look(updater);
    updater.onChange(look);
    look();
    if (this.#isClosed) await updater.close();
    return updater;
  }

  async #look({ last }: Updater): Promise<void> {
    this.#last = last && { sequence: last.sequence, state: last.state, reason: last.reason, at: last.at };
    if (this.#releases === null || (last !== null && !ended.has(last.state))) return;
    const { readReleases } = await import("@nanoagent/fleet/bundles");
    this.#list = await readReleases(this.#releases.root).catch(() => this.#list);
  }
}

/** States after which another release may be in use. */
const ended: ReadonlySet<string> = new Set(["applied", "rolled-back", "current"]);
