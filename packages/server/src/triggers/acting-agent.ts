import type { Agent, PermissionRequest } from "@nanoagent/runtime";

/** The agent that triggers act with. A service replaces it at a reload. */
export interface ActingAgent {
  /**
   * Runs `act` with the open agent. Waits while the agent is being replaced, and is not closed before `act` ends.
   * Rejects with the reason of the signal when it aborts before `act` begins.
   */
  use<T>(signal: AbortSignal, act: (agent: Agent) => Promise<T>): Promise<T>;
  /** Asks whoever can answer whether a tool may run. False where nobody can, or nobody does in time. */
  ask(request: PermissionRequest, signal: AbortSignal): Promise<boolean>;
}
