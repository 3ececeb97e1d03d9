import { NanoAgentError } from "@nanoagent/models";
import { version } from "../../../package.json";
import type { EngineEvent, EngineRequest } from "../engine.js";
import { asEngineError } from "../engine-error.js";
import type { EngineFacts } from "../engine-facts.js";

/** Version of this package: a program and its host must have the same. */
export const HOST_VERSION: string = version;

/** Variable of an engine's process. A program that finds it in its own environment was started in place of Node. */
export const HOST_VARIABLE = "NANOAGENT_ENGINE_HOST";

/** Argument of a host that loads llama.cpp's library before it is told what to open. */
export const LOADS_LIBRARY = "--loads-library";

/** Engine that a host opens: one of ours by name, or a module that exports `openEngine(options)`. */
export type HostedEngineSource = { kind: "llama"; options: object } | { kind: "module"; url: string; options: object };

export type ErrorData = ReturnType<NanoAgentError["toJSON"]>;

/** An engine's event as it crosses between processes: an error is plain data. */
type HostEvent = Exclude<EngineEvent, { type: "error" }> | { type: "error"; error: ErrorData };

/** Message of the program to its engine's host. */
export type HostCall =
  | { type: "open"; source: HostedEngineSource }
  | { type: "generate"; id: number; request: EngineRequest }
  | { type: "abort"; id: number }
  | { type: "count-tokens"; id: number; texts: readonly string[] }
  | { type: "embed"; id: number; texts: readonly string[] }
  | { type: "save-state"; id: number }
  | { type: "close" };

/** Message of the host to the program. */
export type HostReport =
  | { type: "started"; version: string }
  /** A program that should have been the host is an app, and has found out as it was to start a host of its own. */
  | { type: "misled" }
  | { type: "progress"; share: number }
  | { type: "opened"; facts: EngineFacts }
  | { type: "open-failed"; error: ErrorData }
  | { type: "event"; id: number; event: HostEvent }
  /** The fact that takes longest to learn: told when nothing else is to be done, or after the first reply. */
  | { type: "call-form"; callForm: EngineFacts["callForm"] }
  /** A sentence for people that has come up since the engine was opened. */
  | { type: "notice"; notice: string }
  | HostAnswer
  | { type: "failed"; id: number; error: ErrorData }
  /** While it does anything for the program; `work` is the number of tokens that it has evaluated since its start. */
  | { type: "alive"; work: number };

/** Answer to a question. */
export type HostAnswer =
  | { type: "counted"; id: number; tokens: readonly number[] }
  | { type: "embedded"; id: number; vectors: readonly (readonly number[])[] }
  /** `bytes` is null where the engine keeps no state. */
  | { type: "saved"; id: number; bytes: number | null };

/** Time between two signs of life of a host that does anything. */
export const SIGN_OF_LIFE_MILLISECONDS = 500;

export function toErrorData(error: unknown): ErrorData {
  return asEngineError(error).toJSON();
}

export function fromErrorData({ code, message, reason, hint }: ErrorData): NanoAgentError {
  return new NanoAgentError({ code, message, reason: reason ?? undefined, hint: hint ?? undefined });
}
