import path from "node:path";
import type { NanoAgentConfig } from "@nanoagent/models";
import type { HealthReason } from "../health/health.js";
import type { AgentTopics } from "../mqtt/agent-topics.js";
import type { BrokerBridge } from "../mqtt/broker-bridge.js";
import type { BrokerConnection } from "../mqtt/open-broker.js";
import type { BrokerStatus, TriggersStatus } from "../status/automation-status.js";
import type { UserSocket } from "../status/user-socket.js";
import type { HookDoor, Triggers } from "../triggers/triggers.js";
import type { AutomatedService } from "./automated-service.js";
import { BridgedService } from "./bridged-service.js";
import type { BrokerMember, JoinFleet } from "./broker-seat.js";
import { fleetNeedsBroker } from "./fleet-needs-broker.js";
import { triggersNeedSession } from "./triggers-need-session.js";

/** The settings that triggers and the broker depend on. A reload that changes none of them leaves both alone. */
function settingsOf({ triggers, mqtt, fleet, session }: NanoAgentConfig) {
  return { triggers, mqtt, fleet, dir: session?.dir };
}

/**
 * The triggers of a served agent, and its connection to a broker with everything that goes through it.
 * Nothing of it is loaded for an agent without both.
 */
export class Automation {
  readonly #service: AutomatedService;
  readonly #environment: Readonly<Record<string, string | undefined>>;
  readonly #joinFleet: JoinFleet | null;
  /** The settings that are in force, as text. Null before `open`. */
  #settings: string | null = null;
  #broker: BrokerConnection | null = null;
  #topics: AgentTopics | null = null;
  #triggers: Triggers | null = null;
  /** Takes events of `nanoagent triggers run`. */
  #socket: UserSocket | null = null;
  #bridge: BrokerBridge | null = null;
  #bridged: BridgedService | null = null;
  #member: BrokerMember | null = null;
  /** Why the triggers of a changed config do not run, or null. */
  #failure: HealthReason | null = null;
  #closing: Promise<void> | null = null;

  constructor(
    service: AutomatedService,
    environment: Readonly<Record<string, string | undefined>>,
    joinFleet: JoinFleet | null,
  ) {
    this.#service = service;
    this.#environment = environment;
    this.#joinFleet = joinFleet;
  }

  get triggers(): Triggers | null {
    return this.#triggers;
  }

  /** Returns the door of a hook, or null where none has this name. */
  hook(name: string): HookDoor | null {
    return this.#triggers?.hook(name) ?? null;
  }

  get reasons(): HealthReason[] {
    const { problem = null } = this.#broker ?? {};
    return [
      ...(this.#failure === null ? [] : [this.#failure]),
      ...(this.#triggers?.problems ?? []).map(({ code, message }) => ({ code, message })),
      ...(problem === null ? [] : [{ code: "broker-unreachable" as const, message: problem }]),
    ];
  }

  get triggersStatus(): TriggersStatus | null {
    if (this.#triggers === null) return null;
    const { folder, states, unknownActs } = this.#triggers;
    return { folder, list: states, unknown: unknownActs };
  }

  get brokerStatus(): BrokerStatus | null {
    if (this.#broker === null) return null;
    const { url, isConnected, problem } = this.#broker;
    return { url, connected: isConnected, problem };
  }

  /**
   * Begins to listen. Resolves when the events of the disk are read and all triggers are armed, whether the broker can be
   * reached or not. Rejects where the settings or the folder of the events cannot be used.
   */
  async open(): Promise<void> {
    if (this.#closing !== null) return;
    const { config } = this.#service.agent;
    this.#settings = JSON.stringify(settingsOf(config));
    try {
      await this.#openBroker(config);
      await this.#openTriggers(config);
      await this.#openBridge(config);
      await this.#openFleet(config);
      this.#broker?.ready();
      // The service may have been told to stop meanwhile.
      if (this.#closing !== null) await this.#end();
    } catch (error) {
      await this.#end();
      throw error;
    }
  }

  /** Follows the agent that is served now. If its settings cannot be used, the log and the health say so. */
  async follow(): Promise<void> {
    if (this.#settings === null || this.#closing !== null) return;
    if (this.#settings === JSON.stringify(settingsOf(this.#service.agent.config))) {
      this.#bridged?.changed();
      return;
    }
    await this.#end();
    this.#failure = null;
    try {
      await this.open();
    } catch (error) {
      const message = "The triggers of the changed config do not run. The log of the service has the details.";
      this.#failure = { code: "trigger-failing", message };
      const text = error instanceof Error ? error.message : String(error);
      this.#service.log({ level: "error", event: "triggers-failed", message: text });
    }
  }

  /** Stops listening, and gives acts that run a few seconds. Safe to call twice. */
  close(): Promise<void> {
    this.#closing ??= this.#end();
    return this.#closing;
  }

  /** Those that use the others go first, and the broker last: answers go through it. */
  async #end(): Promise<void> {
    await this.#member?.close();
    this.#bridged?.close();
    await this.#socket?.close();
    await this.#triggers?.close();
    await this.#bridge?.close();
    await this.#broker?.close();
    this.#member = this.#bridged = this.#socket = this.#triggers = this.#bridge = this.#broker = null;
  }

  async #openBroker(config: NanoAgentConfig): Promise<void> {
    const { mqtt, fleet, session } = config;
    if (mqtt === undefined) {
      if (fleet !== undefined) throw fleetNeedsBroker();
      return;
    }
    const { agentIdentity, agentTopics, OFFLINE, openBroker } = await import("../mqtt/index.js");
    const { id, prefix, clientId } = agentIdentity(config);
    this.#topics = agentTopics(id, prefix);
    this.#broker = await openBroker(mqtt, {
      clientId,
      environment: this.#environment,
      will: { topic: this.#topics.status, payload: OFFLINE, retain: true },
      filtersPath: session && path.join(session.dir, "mqtt-topics.json"),
      onNotice: ({ level, message }) => this.#note(level, "mqtt-notice", { message }),
    });
  }

  async #openTriggers({ triggers = [], session }: NanoAgentConfig): Promise<void> {
    if (triggers.length === 0) return;
    if (session === undefined) throw triggersNeedSession();
    const [{ openTriggers }, { openEventSocket }] = await Promise.all([
      import("../triggers/index.js"),
      import("./event-socket.js"),
    ]);
    const { use, permissions } = this.#service;
    this.#triggers = await openTriggers({
      settings: triggers,
      folder: path.join(session.dir, "events"),
      agent: { use, ask: (request, signal) => permissions.ask(request, { signal, stream: null }) },
      broker: this.#broker,
      isOwnTopic: this.#topics?.isOwn,
      environment: this.#environment,
      onNotice: ({ level, trigger, message }) =>
        this.#note(level, "trigger-notice", { ...(trigger !== null && { trigger }), message }),
    });
    this.#socket = await openEventSocket(() => this.#triggers);
  }

  async #openBridge({ mqtt }: NanoAgentConfig): Promise<void> {
    if (mqtt === undefined || this.#broker === null || this.#topics === null) return;
    const { BrokerBridge, DEFAULT_DISCOVERY_PREFIX } = await import("../mqtt/index.js");
    const { home_assistant: place = true } = mqtt;
    const { prefix = DEFAULT_DISCOVERY_PREFIX } = typeof place === "object" ? place : {};
    this.#bridged = await BridgedService.open(this.#service, this.#triggers);
    this.#bridge = new BrokerBridge({
      broker: this.#broker,
      topics: this.#topics,
      agent: this.#bridged,
      asks: mqtt.ask ?? true,
      discovery: place !== false && { prefix },
      onNotice: ({ level, message }) => this.#note(level, "mqtt-notice", { message }),
    });
  }

  async #openFleet({ fleet }: NanoAgentConfig): Promise<void> {
    const [broker, topics, bridged, service] = [this.#broker, this.#topics, this.#bridged, this.#service];
    if (fleet === undefined || broker === null || topics === null || bridged === null) return;
    if (this.#joinFleet === null) return;
    this.#member = await this.#joinFleet({
      broker,
      topics,
      agent: {
        get agent() {
          return service.agent;
        },
        version: service.version,
        status: () => service.status(),
        onChange: (listener) => bridged.onChange(listener),
      },
      onNotice: ({ level, message }) => this.#note(level, "fleet-notice", { message }),
    });
  }

  #note(level: "info" | "warning" | "error", event: string, facts: object): void {
    this.#service.log({ level: level === "warning" ? "warn" : level, event, ...facts });
  }
}
