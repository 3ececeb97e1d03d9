/** The agent as the broker and Home Assistant see it. A service implements it. */
export interface BridgedAgent {
  readonly names: AgentNames;
  /** The triggers that can be run by hand. */
  readonly triggers: readonly { readonly name: string }[];
  /** Facts of this moment. Called often: at changes, and once a minute. */
  facts(): AgentFacts;
  /**
   * Resolves with the answer of a turn. Rejects when the turn fails or the signal aborts. Asks with the same conversation
   * continue it; without one, an ask stands alone.
   */
  ask(ask: { readonly text: string; readonly conversation: string | null }, signal: AbortSignal): Promise<string>;
  /**
   * Runs a trigger by hand, with the bytes of a message as its payload, or null without one. Resolves with the id of the event
   * when it is on disk, or with null if it does not run: it can never be kept, or was there before. Rejects when it cannot be
   * kept now.
   */
  run(trigger: string, payload: Uint8Array | null): Promise<string | null>;
  /** Calls back when the names, the triggers or the state changed. Returns a function that stops it, as the others do. */
  onChange(listener: () => void): () => void;
  /** Calls back with each answer of a trigger. */
  onAnswer(listener: (answer: TriggerAnswered) => void): () => void;
  /** Calls back at the end of each act of a trigger. */
  onAct(listener: (act: FinishedAct) => void): () => void;
}

/** Facts that stay the same until the agent is replaced. */
export interface AgentNames {
  readonly name: string;
  /** Version of nanoagent. */
  readonly version: string;
  /** Model or engine, or null. */
  readonly model: string | null;
  /** Address of the page that people can open from another machine, or null. */
  readonly pageUrl: string | null;
}

export interface AgentFacts {
  /** `busy` while turns run; `degraded` while something is wrong. */
  readonly state: AgentState;
  /** One sentence about the thing that is wrong, or null. */
  readonly problem: string | null;
  /** Null means unknown, here and below. */
  readonly memoryBytes: number | null;
  readonly tokensPerSecond: number | null;
  readonly temperatureCelsius: number | null;
}

export const AGENT_STATES = ["ready", "busy", "degraded"] as const;
export type AgentState = (typeof AGENT_STATES)[number];

/** An answer of a trigger. `at` is in milliseconds since 1970. */
export interface TriggerAnswered {
  readonly trigger: string;
  readonly text: string;
  readonly at: number;
}

/** Ends of an act that are told. An event whose conditions were not met has no act. */
export const ACT_OUTCOMES = ["done", "failed", "unknown", "skipped", "replaced", "expired", "dropped"] as const;
export type ActOutcome = (typeof ACT_OUTCOMES)[number];

/** The end of an act of a trigger. */
export interface FinishedAct {
  readonly trigger: string;
  /** Id of the event. */
  readonly event: string;
  readonly outcome: ActOutcome;
  /** The answer, or the problem. */
  readonly text: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** Something that people who operate the agent should know. */
export interface BridgeNotice {
  readonly level: "info" | "warning" | "error";
  /** Sentences: what happened, why, and what to do. */
  readonly message: string;
}
export type OnBridgeNotice = (notice: BridgeNotice) => void;
