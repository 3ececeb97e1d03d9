import { expect, test } from "vitest";
import { describeBroker, describeTriggers } from "../../src/status/show-status.js";

const counts = { added: 0, done: 0, not_met: 0, failed: 0, unknown: 0, dropped: 0, repeated: 0 };

function state(name: string, status: "armed" | "waiting" | "failing" | "off", open = 0) {
  return {
    name,
    when: "every 1m",
    status,
    problem: null,
    open,
    oldest_open_at: null,
    counts,
    last: null,
    next_at: null,
  };
}

test("triggers are counted by their state, and those that fail are named", () => {
  const list = [state("a", "armed"), state("b", "failing", 3), state("c", "armed"), state("d", "off")];
  expect(describeTriggers({ folder: "/state/events", list, unknown: [] })).toBe(
    "2 armed, 1 failing (b), 1 off, 3 events wait",
  );
  const unknown = [{ trigger: "a", event: "e", key: "e.do", tool: "water", at: "2027-01-31T06:00:00.000Z" }];
  expect(describeTriggers({ folder: "/state/events", list: [state("a", "armed", 1)], unknown })).toBe(
    "1 armed, 1 event waits, 1 with an unknown result: nanoagent triggers log --unknown",
  );
});

test("a broker is connected, or there is a reason", () => {
  const url = "mqtt://broker:1883";
  expect(describeBroker({ url, connected: true, problem: null })).toBe("connected to mqtt://broker:1883");
  expect(describeBroker({ url, connected: false, problem: "Nothing answers\u001b." })).toBe(
    "not connected to mqtt://broker:1883: Nothing answers\\u001b.",
  );
});
