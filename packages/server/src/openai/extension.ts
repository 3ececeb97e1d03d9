import type { AnswerEvent } from "../turns/ask.js";

/**
 * An event of the agent's own work, which OpenAI's API has no form for. Replies carry it in the field `nanoagent`, which
 * other clients ignore.
 */
export type Extension = { type: AnswerEvent["type"] | "not-saved" } & Readonly<Record<string, unknown>>;

/** Returns the extension for an event, or null for events that the API itself has a form for, and for those of no use. */
export function extensionOf(event: AnswerEvent): Extension | null {
  switch (event.type) {
    case "tool-call":
      return event.for_caller ? null : { ...event };
    case "tool-result":
    case "claim-withheld":
    case "text-retraction":
    case "memory-pressure":
    case "context-growth":
    case "window-overflow":
    case "permission":
      return { ...event };
    case "run-end":
      return event.not_saved === undefined ? null : { type: "not-saved", code: event.not_saved.code };
    case "run-start":
    case "text-delta":
    case "reasoning-delta":
    case "step-end":
    case "prompt-progress":
    case "error":
      return null;
  }
}
