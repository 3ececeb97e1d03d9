import path from "node:path";
import { type ApplyResult, FleetError, type UpdateStep } from "@nanoagent/fleet/bundles";
import type { SocketFailure } from "@nanoagent/server/program";

/** Work for the updater of a running service, as one line of JSON. */
export type UpdateRequest =
  /** `file`: absolute path. `keys`: public keys, as texts. */
  | { readonly action: "apply"; readonly file: string; readonly keys: readonly string[] }
  | { readonly action: "roll-back" };

/** Lines that answer it: steps first, then the result or an error. */
export type UpdateReply =
  | { readonly step: UpdateStep; readonly share: number | null }
  | { readonly result: ApplyResult }
  | { readonly error: SocketFailure };

/** Reads a line with a request. Throws `FleetError` for anything else, such as one of another version of nanoagent. */
export function readUpdateRequest(line: string): UpdateRequest {
  const value = parse(line);
  if (value?.action === "roll-back") return { action: "roll-back" };
  const { action, file, keys } = value ?? {};
  if (action === "apply" && typeof file === "string" && path.isAbsolute(file) && isTexts(keys))
    return { action, file, keys };
  throw new FleetError({
    code: "releases-busy",
    message: "The running service does not know this request.",
    reason: "It is probably of another version of nanoagent.",
    hint: "Restart the service, then try again.",
  });
}

function parse(line: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" ? (value as Record<string, unknown> | null) : null;
  } catch {
    return null;
  }
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((text) => typeof text === "string");
}
