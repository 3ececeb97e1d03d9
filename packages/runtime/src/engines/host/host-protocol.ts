import { NanoAgentError } from "@nanoagent/models";
import { version } from "../../../package.json";
import type { EngineEvent, EngineRequest } from "../engine.js";
import { asEngineError } from "../engine-error.js";
import type { EngineFacts } from "../engine-facts.js";

/** Version of this package. A program and its host must have the same one. */
export const HOST_VERSION: string = version;

/** Environment variable of a host. A program that finds it in its own environment was started in place of Node. */
export const HOST_VARIABLE = "NANOAGENT_ENGINE_HOST";

/** Argument that makes a host load llama.cpp's library before it knows which model to open. */
export const LOADS_LIBRARY = "--loads-library";

/** Engine that a host opens: a built-in one by name, or a module that exports `openEngine(options)`. */
export type HostedEngineSource = { kind: "llama"; options: object } | { kind: "module"; url: string; options: object };

export type ErrorData = ReturnType<NanoAgentError["toJSON"]>;

/** An engine event as sent between processes. Errors are plain data. */
type HostEvent = Exclude<EngineEvent, { type: "error" }> | { type: "error"; error: ErrorData };

/** Message from the program to its host. */
export type HostCall =
  | { type: "open"; source: HostedEngineSource }
  | { type: "generate"; id: number; request: EngineRequest }
  | { type: "abort"; id: number }
  | { type: "count-tokens"; id: number; texts: readonly string[] }
  | { type: "embed"; id: number; texts: readonly string[] }
  | { type: "save-state"; id: number }
  | { type: "close" };

/** Message from the host to the program. */
export type HostReport =
  | { type: "started"; version: string }
  /** The started program is an app rather than a host, and noticed this when it tried to start its own host. */
  | { type: "misled" }
  | { type: "progress"; share: number }
  | { type: "opened"; facts: EngineFacts }
  | { type: "open-failed"; error: ErrorData }
  | { type: "event"; id: number; event: HostEvent }
  /** The fact that takes longest to determine. Sent while the host is idle, or after the first reply. */
  | { type: "call-form"; callForm: EngineFacts["callForm"] }
  /** A notice that the engine added after it was opened. */
  | { type: "notice"; notice: string }
  | HostAnswer
  | { type: "failed"; id: number; error: ErrorData }
  /** Sent while the host works. `work` is the number of tokens evaluated since its start. */
  | { type: "alive"; work: number };

/** Answer to a request. */
export type HostAnswer =
  | { type: "counted"; id: number; tokens: readonly number[] }
  | { type: "embedded"; id: number; vectors: readonly (readonly number[])[] }
  /** `bytes` is null if the engine keeps no state. */
  | { type: "saved"; id: number; bytes: number | null };

/** Time between two signs of life of a working host. */
export const SIGN_OF_LIFE_MILLISECONDS = 500;

export function toErrorData(error: unknown): ErrorData {
  return asEngineError(error).toJSON();
}

export function fromErrorData({ code, message, reason, hint }: ErrorData): NanoAgentError {
  return new NanoAgentError({ code, message, reason: reason ?? undefined, hint: hint ?? undefined });
}
