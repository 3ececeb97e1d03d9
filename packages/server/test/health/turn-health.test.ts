import { NanoAgentError } from "@nanoagent/models";
import type { AgentEvent } from "@nanoagent/runtime";
import { describe, expect, test } from "vitest";
import { TurnHealth } from "../../src/health/turn-health.js";

const error = (code: string) =>
  new NanoAgentError({ code, message: "The session in /srv/ada/c1 broke.", reason: "/srv is full." });
const failed = (code: string): AgentEvent => ({ type: "error", error: error(code) });
const reply = { role: "assistant", content: "", timestamp: "" } as const;
const ended: AgentEvent = { type: "run-end", reply, reason: "stop", usage: null };

function reasonsAfter(...events: AgentEvent[]) {
  const health = new TurnHealth();
  for (const event of events) health.note(event);
  return health.reasons;
}

describe("the health of a service", () => {
  test.each([
    "call-not-valid",
    "reply-not-valid",
    "reply-only-thought",
    "reply-too-large",
    "time-limit",
    "too-many-steps",
    "too-many-tokens",
    "too-many-messages",
    "repeated-calls",
    "context-exceeded",
    "session-record-too-large",
    "service-stopping",
    "aborted",
    "any-new-code",
  ])("does not change by %s, which a request can cause", (code) => {
    expect(reasonsAfter(failed(code))).toEqual([]);
  });

  test.each(["engine-failed", "engine-crashed", "remote-unreachable", "insufficient-memory", "unexpected"])(
    "shows %s until the next answer",
    (code) => {
      expect(reasonsAfter(failed(code))).toMatchObject([{ code: "engine-failed" }]);
      expect(reasonsAfter(failed(code), ended)).toEqual([]);
    },
  );

  test.each(["session-not-saved", "session-unreadable", "session-in-use"])(
    "shows %s as a conversation that is not saved",
    (code) => {
      expect(reasonsAfter(failed(code))).toMatchObject([{ code: "session-not-saved" }]);
      expect(reasonsAfter({ ...ended, not_saved: error(code) })).toMatchObject([{ code: "session-not-saved" }]);
      expect(reasonsAfter(failed(code), ended)).toEqual([]);
    },
  );

  test("is public, so that its texts have no paths and no reasons", () => {
    const reasons = reasonsAfter(failed("engine-failed"), failed("session-not-saved"));
    expect(reasons).toHaveLength(2);
    expect(JSON.stringify(reasons)).not.toMatch(/srv|ada/);
  });
});
