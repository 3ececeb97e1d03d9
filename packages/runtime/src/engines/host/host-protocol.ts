import { NanoAgentError, type ThreadTrial } from "@nanoagent/models";
import type { EngineEvent, EngineRequest } from "../engine.js";
import { asEngineError } from "../engine-error.js";
import type { EngineFacts } from "../engine-facts.js";

/** Which engine a host opens: one of ours by name, or a module that exports `openEngine(options)`. */
export type HostedEngineSource = { kind: "llama"; options: object } | { kind: "module"; url: string; options: object };

export interface EngineThreads {
  prefillThreads: number;
  decodeThreads: number;
}

/** How fast an engine was with so many threads. */
export type ThreadSpeed = Omit<ThreadTrial, "model">;

export type ErrorData = ReturnType<NanoAgentError["toJSON"]>;

/** An engine's event as it crosses: an error as plain data. */
export type HostEvent = Exclude<EngineEvent, { type: "error" }> | { type: "error"; error: ErrorData };

/** What the program says to its engine's host. */
export type HostCall =
  | { type: "open"; source: HostedEngineSource }
  | { type: "generate"; id: number; request: EngineRequest }
  | { type: "abort"; id: number }
  | { type: "count-tokens"; id: number; text: string }
  | { type: "save-state"; id: number }
  | { type: "use-threads"; threads: EngineThreads }
  | { type: "close" };

/** What the host says to the program. */
export type HostReport =
  | { type: "started" }
  | { type: "progress"; share: number }
  | { type: "opened"; facts: EngineFacts; threadTrials: readonly ThreadSpeed[] }
  | { type: "open-failed"; error: ErrorData }
  | { type: "event"; id: number; event: HostEvent }
  | { type: "answer"; id: number; value: number | null }
  | { type: "failed"; id: number; error: ErrorData }
  /** While it works; with it how many tokens it has evaluated since it began. */
  | { type: "alive"; work: number };

/** While it works the host gives a sign of life so often. */
export const SIGN_OF_LIFE_MILLISECONDS = 500;

export function toErrorData(error: unknown): ErrorData {
  return asEngineError(error).toJSON();
}

export function fromErrorData({ code, message, reason, hint }: ErrorData): NanoAgentError {
  return new NanoAgentError({ code, message, reason: reason ?? undefined, hint: hint ?? undefined });
}
