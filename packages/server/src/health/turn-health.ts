import type { AgentEvent } from "@nanoagent/runtime";
import type { HealthReason } from "./health.js";

/** Errors that show a fault of the engine. Others blame the request, which must not change the health of a service. */
const ENGINE_FAULTS = new Set([
  "engine-failed",
  "engine-unavailable",
  "engine-crashed",
  "engine-hung",
  "engine-out-of-memory",
  "insufficient-memory",
  "does-not-fit",
  "model-not-found",
  "model-unreadable",
  "model-too-large",
  "invalid-model-file",
  "network-not-allowed",
  "remote-unreachable",
  "remote-timeout",
  "remote-overloaded",
  "remote-failed",
  "remote-refused",
  "remote-protocol",
  "remote-model-unknown",
  "unexpected",
]);

/** Errors that show that conversations cannot be read or written. */
const SESSION_FAULTS = new Set(["session-not-saved", "session-unreadable", "session-in-use", "session-format-unknown"]);

/** Health of the agent, as the last turns show it. Its texts are public: they have no paths and no ids. */
export class TurnHealth {
  /** Codes of the last faults. */
  #engine: string | null = null;
  #session: string | null = null;

  get reasons(): HealthReason[] {
    const reasons: HealthReason[] = [];
    if (this.#engine !== null) reasons.push(engineFailed(this.#engine));
    if (this.#session !== null) reasons.push(sessionNotSaved(this.#session));
    return reasons;
  }

  /** Notes the last event of a turn. */
  note(last: AgentEvent): void {
    if (last.type !== "run-end" && last.type !== "error") return;
    const code = last.type === "error" ? last.error.code : null;
    if (last.not_saved !== undefined) this.#session = last.not_saved.code;
    else if (code === null) this.#session = null;
    else if (SESSION_FAULTS.has(code)) this.#session = code;
    if (code === null) this.#engine = null;
    else if (ENGINE_FAULTS.has(code)) this.#engine = code;
  }

  /** Forgets what concerned an agent that was replaced. */
  clear(): void {
    this.#engine = null;
    this.#session = null;
  }
}

const engineFailed = (code: string): HealthReason => ({
  code: "engine-failed",
  message: `The engine failed (${code}). The log of the service has the details.`,
});

const sessionNotSaved = (code: string): HealthReason => ({
  code: "session-not-saved",
  message: `A conversation cannot be kept (${code}). The log of the service has the details.`,
});
