/** Why a service is not ready, or does less than it should. */
export type HealthReasonCode =
  | "stopping"
  | "reloading"
  | "agent-missing"
  | "memory-pressure"
  | "engine-failed"
  | "session-not-saved"
  | "trigger-failing"
  | "broker-unreachable"
  | "events-full"
  | "events-not-saved"
  | "clock-not-set";

export interface HealthReason {
  code: HealthReasonCode;
  /** One sentence. */
  message: string;
}

/** Reply of `GET /health`. */
export interface Health {
  /** `ok`; `degraded`: it answers, but something is wrong; `unavailable`: it takes no messages now. */
  status: "ok" | "degraded" | "unavailable";
  /** Whether the program runs. Always true in an answer. */
  live: true;
  /** Whether messages are answered now. */
  ready: boolean;
  reasons: HealthReason[];
}

const UNAVAILABLE: readonly HealthReasonCode[] = ["stopping", "reloading", "agent-missing"];

/** Summarizes the reasons. */
export function healthOf(reasons: HealthReason[]): Health {
  const ready = !reasons.some(({ code }) => UNAVAILABLE.includes(code));
  const status = ready ? (reasons.length === 0 ? "ok" : "degraded") : "unavailable";
  return { status, live: true, ready, reasons };
}
