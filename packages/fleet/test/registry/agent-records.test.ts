import { describe, expect, test } from "vitest";
import { AgentRecords } from "../../src/registry/agent-records.js";
import { cardText } from "./fleet-cards.js";

const bytes = (text: string) => new TextEncoder().encode(text);
const nothing = new Uint8Array(0);

describe("records of agents", () => {
  test("an agent is registered by its card, whatever the order of its messages", () => {
    const records = new AgentRecords();
    expect(records.take("status", "kiosk", bytes("online"))).toBeNull();
    expect(records.agents).toEqual([]);
    expect(records.take("card", "kiosk", bytes(cardText("kiosk")))).toMatchObject({
      change: "registered",
      agent: { id: "kiosk", online: true, update: null },
    });
    expect(records.take("card", "kiosk", bytes(cardText("kiosk")))).toBeNull();
    expect(records.take("status", "kiosk", bytes("online"))).toBeNull();
    expect(records.take("status", "kiosk", bytes("asleep"))).toMatchObject({ change: "offline" });
    expect(records.take("card", "kiosk", bytes(cardText("kiosk", { site: "munich" })))).toMatchObject({
      change: "card",
    });
    expect(records.take("card", "kiosk", nothing)).toMatchObject({ change: "forgotten", agent: { id: "kiosk" } });
    expect(records.agents).toEqual([]);
  });

  test("a card that becomes malformed is gone, counted once, and comes back", () => {
    const records = new AgentRecords();
    records.take("card", "kiosk", bytes(cardText("kiosk")));
    expect(records.take("card", "kiosk", bytes("{"))).toMatchObject({ change: "forgotten" });
    records.take("card", "kiosk", bytes("["));
    expect([records.agents.length, records.malformed]).toEqual([0, 1]);
    expect(records.take("card", "kiosk", bytes(cardText("kiosk")))).toMatchObject({ change: "registered" });
    expect([records.agents.length, records.malformed]).toEqual([1, 0]);
    records.take("card", "other", bytes("x"));
    records.take("card", "other", nothing);
    expect(records.malformed).toBe(0);
  });

  test("a malformed update leaves the agent without one", () => {
    const records = new AgentRecords();
    records.take("card", "kiosk", bytes(cardText("kiosk")));
    expect(records.take("update", "kiosk", bytes("x"))).toMatchObject({ change: "update", agent: { update: null } });
  });

  test("an update without a time counts again when it is published again, and not when the broker repeats it", () => {
    const records = new AgentRecords();
    records.take("card", "kiosk", bytes(cardText("kiosk")));
    const plain = bytes('{"sequence": 7, "state": "applied"}');
    const first = records.take("update", "kiosk", plain)?.agent.update;
    expect(first).toMatchObject({ sequence: 7, manifest_sha256: null });
    expect(records.take("update", "kiosk", plain)).toBeNull();
    const again = records.take("update", "kiosk", plain, { isNew: true });
    expect(again).toMatchObject({ change: "update", agent: { update: first } });
    expect(again?.agent.update).not.toBe(first);
    const timed = bytes('{"sequence": 7, "state": "applied", "at": "2026-11-30T10:00:00.000Z"}');
    records.take("update", "kiosk", timed);
    expect(records.take("update", "kiosk", timed, { isNew: true })).toBeNull();
  });

  test("agents that the broker no longer calls online are offline", () => {
    const records = new AgentRecords();
    for (const id of ["a", "b"]) {
      records.take("card", id, bytes(cardText(id)));
      records.take("status", id, bytes("online"));
    }
    records.beginConnection();
    records.take("status", "b", bytes("online"));
    expect(records.dropUnconfirmed()).toMatchObject([{ change: "offline", agent: { id: "a", online: false } }]);
    expect(records.dropUnconfirmed()).toEqual([]);
  });

  test("a flood of IDs is bounded, and cards without room are counted", () => {
    const records = new AgentRecords();
    for (let number = 0; number < 60_000; number++) records.take("status", `flood-${number}`, bytes("online"));
    records.take("card", "late", bytes(cardText("late")));
    expect([records.agents.length, records.malformed, records.leftOut]).toEqual([0, 0, 1]);
    const long = new AgentRecords();
    long.take("card", "x".repeat(300), bytes(cardText("x".repeat(300))));
    expect([long.agents.length, long.malformed]).toEqual([0, 1]);
  });

  test("agents are sorted, also with IDs that are names of properties", () => {
    const records = new AgentRecords();
    for (const id of ["z", "__proto__", "constructor", "A", "_"]) records.take("card", id, bytes(cardText(id)));
    expect(records.agents.map(({ id }) => id)).toEqual(["A", "_", "__proto__", "constructor", "z"]);
    expect(records.find("__proto__")?.id).toBe("__proto__");
    expect(records.find("toString")).toBeNull();
  });
});
