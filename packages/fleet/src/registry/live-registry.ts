import { cutText, nearestName } from "@nanoagent/models";
import { agentTopics, type BrokerConnection, type BrokerMessage } from "@nanoagent/server/mqtt";
import { FleetError } from "../fleet-error.js";
import { AgentRecords, RECORD_KINDS, type RecordChange, type RecordKind } from "./agent-records.js";
import { askAgent } from "./ask-agent.js";
import { forgetAgent } from "./forget-agent.js";
import { readLeftOut } from "./read-left-out.js";
import type { AgentChange, RegisteredAgent } from "./registered-agent.js";
import type { AgentAnswer, AskOptions, FinishedTrigger, ForgetOptions, Registry, TriggerOptions } from "./registry.js";
import { runAgentTrigger } from "./run-agent-trigger.js";
import { untilQuiet } from "./until-quiet.js";

/**
 * Time after a reconnection in which the broker must say that an agent is online. Agents that lost the same broker come back
 * within a minute.
 */
const CONFIRM_MILLISECONDS = 90_000;
/** Stands for a message that is too large to be read. It is not one of any kind. */
const TOO_LARGE = new TextEncoder().encode("too large");
/** Messages after which some may be missing: brokers queue about a thousand. */
const MANY_MESSAGES = 500;

/** Reads the messages about agents from a connection. */
export class LiveRegistry implements Registry {
  readonly connection: BrokerConnection;
  readonly prefix: string;
  readonly #records = new AgentRecords();
  readonly #listeners = new Set<(agent: RegisteredAgent, change: AgentChange) => void>();
  readonly #stopListening: readonly (() => void)[];
  #subscriptions: (() => void)[] = [];
  #confirmTimer: ReturnType<typeof setTimeout> | null = null;
  #lastMessageAt = 0;
  /** Messages until now. */
  #messages = 0;
  #quietMilliseconds = 0;
  #isClosed = false;

  /** Throws {@link MqttError} for a prefix that cannot begin a topic. */
  constructor(connection: BrokerConnection, prefix: string | undefined) {
    this.connection = connection;
    this.prefix = agentTopics("+", prefix).prefix;
    let wasConnected = connection.isConnected;
    this.#stopListening = [
      connection.onChange(() => {
        if (connection.isConnected && !wasConnected) this.#beginConnection();
        wasConnected = connection.isConnected;
      }),
      connection.onTooLarge((topic) => {
        const [id = "", kind, ...more] = topic.slice(this.prefix.length + 1).split("/");
        const known = RECORD_KINDS.find((one) => one === kind);
        if (known === undefined || more.length > 0 || agentTopics(id, this.prefix)[known] !== topic) return;
        this.#receive(known, { topic, payload: TOO_LARGE, retain: true });
      }),
    ];
    this.#subscribe();
  }

  get agents(): readonly RegisteredAgent[] {
    return this.#records.agents;
  }

  get malformed(): number {
    return this.#records.malformed;
  }

  get malformedIds(): readonly string[] {
    return this.#records.malformedIds;
  }

  get leftOut(): number {
    return this.#records.leftOut;
  }

  find(id: string): RegisteredAgent {
    return this.#records.find(id) ?? this.#refuseUnknown(id);
  }

  onChange(listener: (agent: RegisteredAgent, change: AgentChange) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  async ask(id: string, text: string, options: AskOptions = {}): Promise<AgentAnswer> {
    this.find(id);
    return askAgent(this, id, text, options);
  }

  async trigger(id: string, name: string, options: TriggerOptions = {}): Promise<FinishedTrigger> {
    this.find(id);
    return runAgentTrigger(this, id, name, options);
  }

  async forget(id: string, options: ForgetOptions = {}): Promise<number> {
    // The filter of one agent's topics overlaps with those of all agents. A connection joins such filters into one, which
    // would match every message of the fleet. The agents' messages come again afterwards, since the broker keeps them.
    this.#unsubscribe();
    try {
      const { connection, prefix } = this;
      const onMessage = (kind: RecordKind, payload: Uint8Array) => this.#take(kind, id, payload);
      const cleared = await forgetAgent({
        ...options,
        connection,
        prefix,
        id,
        quietMilliseconds: this.#quietMilliseconds,
        onMessage,
      });
      return cleared === 0 ? this.#refuseUnknown(id) : cleared;
    } finally {
      if (!this.#isClosed) this.#subscribe();
    }
  }

  /** Reads all messages that the broker keeps. */
  async load(quietMilliseconds: number, signal: AbortSignal | undefined): Promise<void> {
    this.#quietMilliseconds = quietMilliseconds;
    const quiet = () => untilQuiet(() => this.#lastMessageAt, quietMilliseconds, signal);
    await quiet();
    const { connection, prefix } = this;
    const known = this.agents.map(({ id }) => id);
    if (this.#messages < MANY_MESSAGES || known.length === 0) return;
    // While filters match them, exact topics would not be sent.
    this.#unsubscribe();
    const onMessage = (kind: RecordKind, id: string, payload: Uint8Array) => this.#take(kind, id, payload);
    const missing = this.#records.missing;
    await readLeftOut({ connection, prefix, missing, known, quietMilliseconds, onMessage, signal });
    this.#subscribe();
    await quiet();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const stop of this.#stopListening) stop();
    this.#unsubscribe();
    this.#listeners.clear();
    if (this.#confirmTimer !== null) clearTimeout(this.#confirmTimer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #subscribe(): void {
    this.#subscriptions = RECORD_KINDS.map((kind) =>
      this.connection.subscribe(agentTopics("+", this.prefix)[kind], async (message) => this.#receive(kind, message), {
        // Each is the newest or comes again, and all of them must come, whatever the broker queues.
        acknowledged: kind !== "status",
      }),
    );
  }

  #unsubscribe(): void {
    for (const unsubscribe of this.#subscriptions.splice(0)) unsubscribe();
  }

  #receive(kind: RecordKind, { topic, payload, retain }: BrokerMessage): void {
    this.#lastMessageAt = performance.now();
    this.#messages += 1;
    const id = topic.slice(this.prefix.length + 1, -kind.length - 1);
    this.#take(kind, id, payload, { isNew: !retain });
  }

  #take(kind: RecordKind, id: string, payload: Uint8Array, { isNew = false } = {}): void {
    const change = this.#records.take(kind, id, payload, { isNew });
    if (change !== null) this.#tell(change);
  }

  #tell({ agent, change }: RecordChange): void {
    for (const listener of [...this.#listeners]) listener(agent, change);
  }

  #beginConnection(): void {
    this.#records.beginConnection();
    if (this.#confirmTimer !== null) clearTimeout(this.#confirmTimer);
    this.#confirmTimer = setTimeout(() => {
      if (this.connection.isConnected) for (const change of this.#records.dropUnconfirmed()) this.#tell(change);
    }, CONFIRM_MILLISECONDS);
    this.#confirmTimer.unref?.();
  }

  #refuseUnknown(id: string): never {
    if (this.malformedIds.includes(id)) throw unreadableCard(id);
    const nearest = nearestName(
      id,
      this.agents.map((agent) => agent.id),
    );
    throw new FleetError({
      code: "agent-not-registered",
      message: `No agent with the ID ${JSON.stringify(cutText(id, 100))} is registered below ${this.prefix}.`,
      hint: nearest === null ? "nanoagent fleet list shows the IDs." : `Did you mean ${JSON.stringify(nearest)}?`,
    });
  }
}

function unreadableCard(id: string): FleetError {
  return new FleetError({
    code: "agent-not-registered",
    message: `The card of the agent ${JSON.stringify(cutText(id, 100))} cannot be read.`,
    reason: "Its form is not that of this version of nanoagent, or another program wrote it.",
    hint: "Use the version of nanoagent that the device has, or clear the card with nanoagent fleet forget.",
  });
}
