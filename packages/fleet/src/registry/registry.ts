import type { BrokerConnection } from "@nanoagent/server/mqtt";
import type { AgentChange, RegisteredAgent } from "./registered-agent.js";

/** The agents of a fleet, read from its broker and kept up to date. */
export interface Registry extends AsyncDisposable {
  readonly connection: BrokerConnection;
  /** First levels of all topics. */
  readonly prefix: string;
  /** Agents with a card, sorted by ID. */
  readonly agents: readonly RegisteredAgent[];
  /** Number of cards that cannot be read. They are left out. */
  readonly malformed: number;
  /** IDs of such cards, sorted. */
  readonly malformedIds: readonly string[];
  /** Number of cards beyond the limits of the registry. They are left out. */
  readonly leftOut: number;
  /** Returns an agent. Throws {@link FleetError} `agent-not-registered` with the nearest ID. */
  find(id: string): RegisteredAgent;
  /** Calls back after each change. Returns a function that stops it. */
  onChange(listener: (agent: RegisteredAgent, change: AgentChange) => void): () => void;
  /**
   * Sends a message to an agent, and resolves with its answer. The agent's own rules decide on tools. Rejects with
   * {@link FleetError} `agent-not-answering` if it is offline, goes offline, refuses, or does not answer in time.
   */
  ask(id: string, text: string, options?: AskOptions): Promise<AgentAnswer>;
  /**
   * Runs a trigger of an agent, and resolves with the end of its event. Rejects as {@link Registry.ask} does, and if the
   * agent does not keep the event. With MQTT 3.1.1, it resolves with the first act of this trigger that ends.
   */
  trigger(id: string, name: string, options?: TriggerOptions): Promise<FinishedTrigger>;
  /**
   * Clears everything that the broker keeps of an agent, also its device in Home Assistant. Resolves with the number of
   * topics. An agent that is online registers again when it changes or connects, so it is refused with {@link FleetError}
   * `agent-online` unless `force` is given.
   */
  forget(id: string, options?: ForgetOptions): Promise<number>;
  /** Ends the subscriptions. The connection stays open. Safe to call twice. */
  close(): Promise<void>;
}

export interface WaitOptions {
  /** Ends the wait with the reason of the signal. */
  readonly signal?: AbortSignal | undefined;
  /** Longest wait. Default: 120,000. */
  readonly waitMilliseconds?: number | undefined;
}

export interface AskOptions extends WaitOptions {
  /** Messages with the same name continue a conversation. Default: the message stands alone. */
  readonly conversation?: string | undefined;
}

export interface AgentAnswer {
  readonly text: string;
  /** Whether the agent cut the text, because it is too long for a message. */
  readonly isCut: boolean;
}

export interface TriggerOptions extends WaitOptions {
  /** JSON, a number, or text. Default: null. */
  readonly payload?: string | undefined;
}

/** End of an act of a trigger. */
export interface FinishedTrigger {
  readonly trigger: string;
  /** ID of the event. */
  readonly event: string;
  /** `done`, `failed`, `unknown`, `skipped`, `replaced`, `expired` or `dropped`. */
  readonly outcome: string;
  /** The answer, or the problem. */
  readonly text: string;
  /** ISO 8601. */
  readonly at: string;
}

export interface ForgetOptions {
  readonly signal?: AbortSignal | undefined;
  /** Also an agent that is online. Default: false. */
  readonly force?: boolean | undefined;
  /** Prefix of Home Assistant's discovery. Default: `homeassistant`. */
  readonly discoveryPrefix?: string | undefined;
}
