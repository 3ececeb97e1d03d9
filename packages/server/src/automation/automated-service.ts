import type { Agent } from "@nanoagent/runtime";
import type { OperatedAgent } from "../service/served-agent.js";

/** The part of a service that acts without a request use, besides what the page has. */
export interface AutomatedService extends OperatedAgent {
  /** Address that it listens on, or null before that. */
  readonly url: string | null;
  /** Tokens per second of the last reply of a model, or null. */
  readonly tokensPerSecond: number | null;
  /** Runs work with the agent besides the turns: see `TurnAnswering.use`. */
  use<Result>(this: void, signal: AbortSignal, work: (agent: Agent) => Promise<Result>): Promise<Result>;
  /** Calls back when a turn begins or ends. Returns a function that stops it. */
  onTurn(listener: () => void): () => void;
}
