import type { AgentEvent } from "@nanoagent/runtime";
import type { HealthReason } from "./health.js";

/** Error codes that blame the request, not the engine. */
const FAULTS_OF_REQUESTS = new Set([
  "aborted",
  "context-exceeded",
  "message-too-large",
  "invalid-message",
  "invalid-options",
  "schema-not-supported",
  "call-missing",
  "too-many-messages",
  "not-loaded",
]);

/** Health of the agent, as the last turns show it. */
export class TurnHealth {
  #engine: HealthReason | null = null;
  #session: HealthReason | null = null;

  get reasons(): HealthReason[] {
    return [this.#engine, this.#session].filter((reason) => reason !== null);
  }

  /** Notes the last event of a turn. */
  note(last: AgentEvent): void {
    if (last.type !== "run-end" && last.type !== "error") return;
    const { not_saved: notSaved } = last;
    if (notSaved !== undefined) this.#session = { code: "session-not-saved", message: notSaved.message };
    else if (last.type === "run-end") this.#session = null;
    if (last.type === "run-end") this.#engine = null;
    else if (!FAULTS_OF_REQUESTS.has(last.error.code)) {
      this.#engine = { code: "engine-failed", message: last.error.message };
    }
  }

  /** Forgets what concerned an agent that was replaced. */
  clear(): void {
    this.#engine = null;
    this.#session = null;
  }
}
