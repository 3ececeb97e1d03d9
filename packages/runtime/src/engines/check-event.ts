import { cutText } from "@nanoagent/models";
import type { EndReason, EngineEvent, TokenUsage, ToolCall } from "./engine.js";

const endReasons: readonly unknown[] = ["stop", "length", "tool-calls", "abort"] satisfies EndReason[];

/** Whether a value is an engine event. Engines may come from third parties, so every field is checked. */
export function isEngineEvent(value: unknown): value is EngineEvent {
  if (typeof value !== "object" || value === null) return false;
  const event = value as Record<string, unknown>;
  switch (event.type) {
    case "text-delta":
    case "reasoning-delta":
      return typeof event.text === "string";
    case "text-retraction":
      return true;
    case "tool-call": {
      const call = event.call as Partial<ToolCall> | null | undefined;
      return typeof call?.id === "string" && typeof call.name === "string";
    }
    case "usage": {
      const usage = event.usage as Partial<TokenUsage> | null | undefined;
      return isCount(usage?.prompt_tokens) && isCount(usage?.completion_tokens);
    }
    case "memory-pressure":
      return typeof event.action === "string";
    case "context-growth":
      return isCount(event.context_tokens) && isCount(event.previous_tokens);
    case "prompt-progress":
      return isCount(event.read_tokens) && isCount(event.prompt_tokens);
    case "end":
      return endReasons.includes(event.reason);
    case "error":
      return event.error instanceof Error;
    default:
      return false;
  }
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** Describes a value in at most 100 characters. */
export function inBrief(value: unknown): string {
  try {
    return cutText(JSON.stringify(value) ?? String(value), 100);
  } catch {
    return typeof value;
  }
}
