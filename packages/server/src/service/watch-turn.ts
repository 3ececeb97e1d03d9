import type { AnswerEvent } from "../turns/ask.js";

/** Cost of a turn, for the log. */
export interface TurnCost {
  /** From the request to the last event, in milliseconds. */
  milliseconds: number;
  /** From the request to the first text or call, in milliseconds. Null if there was none. */
  first_milliseconds: number | null;
  /** Calls of the agent's own tools. */
  tool_calls: number;
  /** Results of these calls. Calls without a result, and those that were aborted, are missing. */
  tool_results: { done: number; failed: number; denied: number };
  /** Questions for permission. */
  questions: number;
}

/** The last event of a turn, or null if its client left before it. */
export type TurnEnd = Extract<AnswerEvent, { type: "run-end" | "error" }> | null;

/** A change of the model's size: it gave up memory, or has a longer context. */
export type MemoryEvent = Extract<AnswerEvent, { type: "memory-pressure" | "context-growth" }>;

/**
 * Passes on the events of a turn and calls `onEnd` once, when the turn is over or its reader stops. An object instead of a
 * generator, because it is in the path of every token.
 */
export function watchTurn(
  events: AsyncGenerator<AnswerEvent, void>,
  { now, startedAt, keepsText }: { now: () => number; startedAt: number; keepsText: boolean },
  onMemory: (event: MemoryEvent) => void,
  onEnd: (end: TurnEnd, cost: TurnCost, text: string) => void,
): AsyncGenerator<AnswerEvent, void> {
  const tool_results = { done: 0, failed: 0, denied: 0 };
  const cost: TurnCost = { milliseconds: 0, first_milliseconds: null, tool_calls: 0, tool_results, questions: 0 };
  let isOver = false;
  let text = "";
  const finish = (end: TurnEnd) => {
    if (isOver) return;
    isOver = true;
    cost.milliseconds = now() - startedAt;
    onEnd(end, cost, text);
  };
  const note = (event: AnswerEvent) => {
    if (cost.first_milliseconds === null && (event.type === "text-delta" || event.type === "tool-call")) {
      cost.first_milliseconds = now() - startedAt;
    }
    if (event.type === "text-delta") {
      if (keepsText) text += event.text;
    } else if (event.type === "tool-call") {
      if (event.for_caller !== true) cost.tool_calls += 1;
    } else if (event.type === "tool-result") {
      const result = resultOf(event);
      if (result !== null) tool_results[result] += 1;
    } else if (event.type === "permission") cost.questions += 1;
    else if (event.type === "memory-pressure" || event.type === "context-growth") onMemory(event);
    else if (event.type === "run-end" || event.type === "error") finish(event);
  };
  return {
    async next() {
      const result = await events.next();
      if (result.done === true) finish(null);
      else note(result.value);
      return result;
    },
    async return() {
      try {
        return await events.return();
      } finally {
        finish(null);
      }
    },
    async throw(error) {
      try {
        return await events.throw(error);
      } finally {
        finish(null);
      }
    },
    [Symbol.asyncIterator]() {
      return this;
    },
    async [Symbol.asyncDispose]() {
      await this.return(undefined);
    },
  };
}

function resultOf({
  is_error,
  failure,
}: Extract<AnswerEvent, { type: "tool-result" }>): keyof TurnCost["tool_results"] | null {
  if (failure === "aborted") return null;
  if (failure === "not-permitted") return "denied";
  return is_error ? "failed" : "done";
}
