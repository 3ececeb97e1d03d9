import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { UpdaterHost } from "@nanoagent/fleet";
import { FleetError, type ModelStore, type ReleaseHost } from "@nanoagent/fleet/bundles";
import type { NanoAgentConfigInput } from "@nanoagent/models";
import { asSentence } from "@nanoagent/models";
import { readConfig } from "@nanoagent/runtime/node";
import type { AgentServer, HealthReasonCode } from "@nanoagent/server";
import { loadMqtt } from "@nanoagent/server/program";
import { version } from "../../package.json";
import { findListenProblems } from "../bundles/find-listen-problems.js";
import { findSmokeProblems } from "../bundles/find-source-problems.js";
import type { OptionValues } from "../command-line/command.js";
import { readAgent } from "../run/read-agent.js";
import type { Streams } from "../streams.js";
import { errorFacts } from "./error-facts.js";
import type { SystemdNotifier } from "./notify-systemd.js";
import type { Reloader, ReplacedAgent } from "./reloader.js";
import type { ServeLog } from "./serve-log.js";

/** Time that the new agent has to reach its broker. */
const CONNECT_MILLISECONDS = 60_000;
/** Time in which faults of the new agent are looked for. */
const WATCH_MILLISECONDS = 2000;
const LOOK_MILLISECONDS = 200;
/** Faults after which the old agent comes back. Others may come from the device, such as one that is short of memory. */
const faults: readonly HealthReasonCode[] = [
  "agent-missing",
  "engine-failed",
  "session-not-saved",
  "trigger-failing",
  "events-not-saved",
];

export interface ServiceHostParts {
  readonly server: AgentServer;
  readonly reloader: Reloader;
  readonly values: OptionValues;
  readonly streams: Streams;
  readonly log: ServeLog;
  readonly systemd: SystemdNotifier | null;
  /** Models of this device, and the proof of a release. */
  readonly releases: Pick<ReleaseHost, "models" | "prove">;
  /** Time that the new agent has to reach its broker. Default: a minute. */
  readonly connectMilliseconds?: number | undefined;
}

/** Opens the host of a service whose releases are proven in a process of their own. */
export async function openServiceHost(parts: Omit<ServiceHostParts, "releases">): Promise<ServiceHost> {
  const { releaseHost } = await import("../bundles/release-host.js");
  return new ServiceHost({ ...parts, releases: releaseHost });
}

/** State of the service before the change, to compare with. */
interface Before {
  readonly isConnected: boolean;
  readonly faults: ReadonlySet<HealthReasonCode>;
}

/** A service whose agent updates replace. Only one agent is in memory at any time, and running turns end first. */
export class ServiceHost implements UpdaterHost {
  readonly version = version;
  readonly models: ModelStore | null;
  readonly #parts: ServiceHostParts;

  constructor(parts: ServiceHostParts) {
    this.#parts = parts;
    this.models = parts.releases.models;
  }

  async check(config: string): Promise<readonly string[]> {
    const { values, streams, server } = this.#parts;
    const [own, next] = [path.basename(String(values.config)), path.basename(config)];
    // The next start of the service would find no config.
    if (next !== own) return [`The service reads ${own}, but the bundle has ${next}. Name its config ${own}.`];
    const { findErrors } = await import("./find-errors.js");
    const errors = await findErrors({ ...values, config }, streams, server.agent);
    if (errors.length === 0) {
      const smoke = await findSmokeProblems(path.dirname(config));
      if (smoke.length > 0) return smoke;
      return findListenProblems(await readConfig(config), this.#parts.reloader.started, values);
    }
    return errors.map(({ file, key, line, message, reason, hint }) => {
      const place = file === null ? key : [next, ...(line === null ? [] : [line])].join(":");
      const sentences = [message, reason, hint].filter((part) => part !== null).map(asSentence);
      return `${place}${file === null || key === "" ? "" : `, ${key}`}: ${sentences.join(" ")}`;
    });
  }

  async checkReach(config: string): Promise<readonly string[]> {
    const next = await readConfig(config);
    const consequence = "so the fleet could not reach this device any more";
    if (next.mqtt === undefined) return [`The config has no mqtt, ${consequence}.`];
    if (next.fleet === undefined) return [`The config has no fleet, ${consequence}.`];
    const { config: present } = this.#parts.server.agent;
    const { agentIdentity } = await loadMqtt();
    const [old, now] = [agentIdentity(present), agentIdentity(next)];
    if (now.id !== old.id) return [`The config has the ID ${now.id} instead of ${old.id}, ${consequence}.`];
    if (now.prefix !== old.prefix)
      return [`The topics of the config begin with ${now.prefix ?? "the default prefix"}, ${consequence}.`];
    const trusts = ({ trust = [] }: { trust?: readonly string[] | undefined } = {}) => trust.length > 0;
    if (!trusts(present.fleet) || trusts(next.fleet)) return [];
    return ["The config trusts no keys in fleet.trust, so this device could not take an offer of its fleet any more."];
  }

  prove(...proof: Parameters<UpdaterHost["prove"]>): Promise<string | null> {
    return this.#parts.releases.prove(...proof);
  }

  change: UpdaterHost["change"] = (steps, signal) =>
    this.#parts.reloader.update(async (agent) => {
      const { systemd, log, server, reloader, streams } = this.#parts;
      signal.throwIfAborted();
      const before = await this.#look();
      const { config: old } = agent;
      log.write({ level: "info", event: "update-start", message: "The agent ends for another release." });
      void systemd?.updating();
      const back = async () => {
        log.write({ level: "warn", event: "update-back", message: "The agent of the old release comes back." });
        await steps.moveBack();
        return old;
      };
      try {
        const next = async () => {
          await steps.prove();
          await steps.moveOn();
          return this.#read();
        };
        await this.#replace(agent, next, back, signal);
        const fault = await this.#watch(before, signal);
        if (fault === null) return;
        log.write({ level: "warn", event: "update-fault", ...errorFacts(fault) });
        await this.#replace(agent, back, async () => old, signal);
        throw await this.#judge(fault, before, signal);
      } finally {
        reloader.tellNotices();
        const { url } = await server.status();
        if (url !== null && !streams.stop.aborted) void systemd?.ready(url);
      }
    });

  async #replace(
    agent: ReplacedAgent,
    next: () => Promise<NanoAgentConfigInput>,
    back: () => Promise<NanoAgentConfigInput>,
    signal: AbortSignal,
  ): Promise<void> {
    if (await agent.replace(next, back)) return;
    signal.throwIfAborted();
    throw undecided("The service ended during the update.");
  }

  #read(): Promise<NanoAgentConfigInput> {
    const { values, streams, log } = this.#parts;
    return readAgent(values, streams, (message) => log.write({ level: "info", event: "notice", message }), "serve");
  }

  async #look(): Promise<Before> {
    const { health, mqtt } = await this.#parts.server.status();
    return { isConnected: mqtt?.connected === true, faults: new Set(health.reasons.map(({ code }) => code)) };
  }

  /** Watches the new agent. Resolves with its fault, or null: it works, and has reached its broker if the old one had. */
  async #watch(before: Before, signal: AbortSignal): Promise<FleetError | null> {
    const { server, connectMilliseconds = CONNECT_MILLISECONDS } = this.#parts;
    const startedAt = performance.now();
    for (;;) {
      const { health, mqtt } = await server.status();
      const found = health.reasons.find(({ code }) => faults.includes(code) && !before.faults.has(code));
      if (found !== undefined) return failed(asSentence(found.message));
      const passed = performance.now() - startedAt;
      const isConnected = !before.isConnected || mqtt?.connected === true;
      if (isConnected && passed >= WATCH_MILLISECONDS) return null;
      if (!isConnected && passed >= connectMilliseconds) {
        const seconds = Math.round(connectMilliseconds / 1000);
        return failed(`It did not reach its broker within ${seconds} seconds.`, BROKER_LOST);
      }
      await delay(LOOK_MILLISECONDS, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }

  /** Returns the error of an agent that was taken back. Nothing is known of it if the old agent cannot reach the broker either. */
  async #judge(fault: FleetError, before: Before, signal: AbortSignal): Promise<FleetError> {
    if (fault.hint !== BROKER_LOST) return fault;
    const again = await this.#watch({ ...before, faults: new Set(faults) }, signal);
    return again === null ? fault : undecided("The broker cannot be reached now, by the old agent neither.");
  }
}

const BROKER_LOST = "Compare mqtt of the config with that of the old release.";

function failed(reason: string, hint?: string): FleetError {
  const message = "The new agent does not work in the service.";
  return new FleetError({ code: "bundle-failed", message, reason, hint });
}

function undecided(reason: string): FleetError {
  return new FleetError({
    code: "update-undecided",
    message: "Nothing is known of the new agent, so the old release stays.",
    reason,
    hint: "Apply the bundle again later.",
  });
}
