import type { NanoAgentError } from "@nanoagent/models";
import type { Log } from "../log/log-entry.js";
import type { Ask } from "../turns/ask.js";
import { isAborted } from "../turns/is-aborted.js";
import type { MemoryEvent, TurnCost, TurnEnd } from "./watch-turn.js";

/** Writes the line of a turn: how it ended, and what it cost. `reply` is null if the log has no texts. */
export function logTurn(log: Log, ask: Ask, end: TurnEnd, cost: TurnCost, reply: string | null): void {
  const { target, conversationIds } = ask;
  const facts = {
    target,
    ...(conversationIds[0] !== undefined && { conversation: conversationIds[0] }),
    milliseconds: Math.round(cost.milliseconds),
    first_milliseconds: cost.first_milliseconds === null ? null : Math.round(cost.first_milliseconds),
    tool_calls: cost.tool_calls,
    ...(cost.questions > 0 && { questions: cost.questions }),
    ...(reply !== null && { message: ask.message, reply }),
  };
  if (end === null) log({ level: "info", event: "turn-end", outcome: "client-left", ...facts });
  else if (end.type === "error") {
    const { code } = end.error;
    const [level, outcome] = isAborted(end.error) ? (["info", "aborted"] as const) : (["warn", "failed"] as const);
    log({ level, event: "turn-end", outcome, code, error: textOf(end.error), ...hintOf(end.error), ...facts });
    if (end.not_saved !== undefined) logNotSaved(log, end.not_saved);
  } else {
    const { reason, usage, calls } = end;
    const tokens = {
      prompt_tokens: usage?.prompt_tokens ?? 0,
      cached_prompt_tokens: usage?.cached_prompt_tokens ?? 0,
      completion_tokens: usage?.completion_tokens ?? 0,
    };
    const caller = calls === undefined ? {} : { caller_calls: calls.length };
    log({ level: "info", event: "turn-end", outcome: "answered", reason, ...tokens, ...caller, ...facts });
    if (end.not_saved !== undefined) logNotSaved(log, end.not_saved);
  }
}

function logNotSaved(log: Log, error: NanoAgentError): void {
  log({ level: "error", event: "turn-not-saved", code: error.code, error: textOf(error), ...hintOf(error) });
}

function textOf({ message, reason }: NanoAgentError): string {
  return reason === null ? message : `${message} ${reason}`;
}

function hintOf({ hint }: NanoAgentError): { hint?: string } {
  return hint === null ? {} : { hint };
}

/** Writes the line of a step against memory pressure, or of a context that is longer now. */
export function logMemory(log: Log, event: MemoryEvent): void {
  if (event.type === "context-growth") {
    const { context_tokens, previous_tokens } = event;
    log({ level: "info", event: event.type, context_tokens, previous_tokens });
  } else {
    const { action, reason, used_bytes, limit_bytes } = event;
    log({ level: "warn", event: event.type, action, reason, used_bytes, limit_bytes });
  }
}
