import { NanoAgentError } from "@nanoagent/models";
import { expect, test } from "vitest";
import type { LogEntry } from "../../src/log/log-entry.js";
import { countTurn, noTurns } from "../../src/service/turn-counts.js";
import { logTurn } from "../../src/service/turn-log.js";
import type { TurnEnd } from "../../src/service/watch-turn.js";
import { askOf, user } from "../turns/chat-client.js";

const tool_results = { done: 0, failed: 0, denied: 0 };
const cost = { milliseconds: 1, first_milliseconds: null, tool_calls: 0, tool_results, questions: 0 };
const failed = (code: string): NonNullable<TurnEnd> => ({
  type: "error",
  error: new NanoAgentError({ code, message: "It ended.", reason: "The disk is full.", hint: "Free space." }),
});

function linesOf(end: TurnEnd): LogEntry[] {
  const lines: LogEntry[] = [];
  logTurn((entry) => lines.push(entry), askOf([user("hello")]), end, cost, null);
  return lines;
}

test("turns that the service ends when it stops are aborted, not failed", () => {
  for (const code of ["aborted", "service-stopping"]) {
    expect(linesOf(failed(code))).toMatchObject([{ level: "info", outcome: "aborted", code }]);
    const counts = noTurns();
    countTurn(counts, failed(code));
    expect(counts).toMatchObject({ aborted: 1, failed: 0 });
  }
});

test("a turn that failed has a line with the reason and the hint, and another one if it was not saved", () => {
  const [{ error }] = [failed("session-not-saved") as { error: NanoAgentError }];
  const lines = linesOf({ type: "error", error, not_saved: error });
  expect(lines).toMatchObject([
    { level: "warn", outcome: "failed", error: "It ended. The disk is full.", hint: "Free space." },
    { level: "error", event: "turn-not-saved", error: "It ended. The disk is full.", hint: "Free space." },
  ]);
});
