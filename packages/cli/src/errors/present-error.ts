import { NanoAgentError } from "@nanoagent/models";
import { exitCodes } from "../exit-codes.js";
import { formatJson } from "../output/format.js";
import { plainText } from "../output/plain-text.js";

/** Exit codes by error code. For all other errors it is 1. */
const exitCodeByErrorCode: Partial<Record<string, number>> = {
  usage: exitCodes.usage,
  "config-unreadable": exitCodes.usage,
  "invalid-config": exitCodes.usage,
  "invalid-data": exitCodes.usage,
  "invalid-size": exitCodes.usage,
  "invalid-intents": exitCodes.usage,
  "invalid-tool": exitCodes.usage,
  "invalid-skill": exitCodes.usage,
  "invalid-scenarios": exitCodes.usage,
  "scenarios-unreadable": exitCodes.usage,
  "mcp-server-invalid": exitCodes.usage,
  "engine-unavailable": exitCodes.usage,
  "model-not-found": exitCodes.usage,
  "model-unreadable": exitCodes.usage,
  "model-outside-root": exitCodes.usage,
  "model-name-unresolved": exitCodes.usage,
  "invalid-model-file": exitCodes.usage,
  "remote-settings-invalid": exitCodes.usage,
  "remote-model-unknown": exitCodes.usage,
  "network-not-allowed": exitCodes.usage,
  "invalid-model-name": exitCodes.usage,
  "model-unknown": exitCodes.usage,
  "model-not-downloaded": exitCodes.usage,
  "quantization-not-found": exitCodes.usage,
  "keys-unreadable": exitCodes.usage,
  "listen-not-permitted": exitCodes.usage,
  "mqtt-settings-invalid": exitCodes.usage,
  "triggers-need-session": exitCodes.usage,
  "trigger-unknown": exitCodes.usage,
  "service-unsuitable": exitCodes.usage,
  "fleet-needs-broker": exitCodes.usage,
  "selector-invalid": exitCodes.usage,
  "signing-key-invalid": exitCodes.usage,
  "session-unreadable": exitCodes.usage,
  "session-format-unknown": exitCodes.usage,
  "events-unreadable": exitCodes.usage,
  "events-format-unknown": exitCodes.usage,
  "insufficient-memory": exitCodes.doesNotFit,
  "model-too-large": exitCodes.doesNotFit,
  "does-not-fit": exitCodes.doesNotFit,
  "disk-too-small": exitCodes.doesNotFit,
  aborted: exitCodes.interrupted,
};

export function exitCodeFor(error: unknown): number {
  return NanoAgentError.isInstance(error) ? exitCodeForCode(error.code) : exitCodes.failed;
}

export function exitCodeForCode(code: string): number {
  return exitCodeByErrorCode[code] ?? exitCodes.failed;
}

/** Formats an error for people (message, reason, hint) or as one line of JSON. `debug` adds the stack. */
export function presentError(error: unknown, { json = false, debug = false } = {}): string {
  const known = NanoAgentError.isInstance(error) ? error : unexpected(error);
  if (json) return formatJson({ error: known.toJSON() });
  const lines = [`error: ${known.message}`];
  if (known.reason !== null) lines.push(`  why: ${known.reason}`);
  if (known.hint !== null) lines.push(`  do: ${known.hint}`);
  if (debug) lines.push(...stackLines(error));
  return plainText(`${lines.join("\n")}\n`);
}

function unexpected(error: unknown): NanoAgentError {
  return new NanoAgentError({
    code: "unexpected",
    message: error instanceof Error ? error.message : String(error),
    reason: "This is a bug in nanoagent.",
    hint: "Run the same command with --debug and report the output, with the file that nanoagent doctor writes.",
    cause: error,
  });
}

function stackLines(error: unknown): string[] {
  if (!(error instanceof Error)) return [];
  const own = [error.stack ?? ""];
  return error.cause === undefined ? own : [...own, "caused by:", ...stackLines(error.cause)];
}
