import { expect, test, vi } from "vitest";
import { MemoryBroker } from "../../mqtt/memory-broker.js";
import { byHand, openTestAgent, openTestTriggers, waterTool } from "./open-test-triggers.js";

const soon = { timeout: 20_000 };

const large = "x".repeat(65 * 1024);

test("a message that is too large is counted, and reported with its trigger and topic", async () => {
  const broker = new MemoryBroker();
  const agent = await openTestAgent([waterTool([])]);
  const settings = byHand({ when: { mqtt: { topic: "garden/+" } } });
  const triggers = await openTestTriggers(agent, settings, { broker });
  broker.connect();
  await broker.send("garden/north", large);
  await broker.send("garden/north", large);
  await broker.send("garden/south", large);
  await vi.waitFor(() => expect(triggers.states[0]?.counts.dropped).toBe(3), soon);
  const messageOf = (topic: string) =>
    `The trigger dry-bed left out a message to ${topic}: it is larger than 64 KB. Send less, or read another topic.`;
  const errors = triggers.notices.filter(({ level }) => level === "error");
  expect(errors).toEqual(
    ["garden/north", "garden/south"].map((topic) => ({
      level: "error",
      trigger: "dry-bed",
      message: messageOf(topic),
    })),
  );
});

test("messages to ever new topics do not fill the log", async () => {
  const broker = new MemoryBroker();
  const agent = await openTestAgent([waterTool([])]);
  const settings = byHand({ when: { mqtt: { topic: "garden/+" } } });
  const triggers = await openTestTriggers(agent, settings, { broker });
  broker.connect();
  for (let bed = 0; bed < 100; bed++) await broker.send(`garden/${bed}`, large);
  await vi.waitFor(() => expect(triggers.states[0]?.counts.dropped).toBe(100), soon);
  expect(triggers.notices.filter(({ level }) => level === "error")).toHaveLength(20);
});

test("an event by hand that cannot be kept is counted, too", async () => {
  const agent = await openTestAgent([waterTool([])]);
  const triggers = await openTestTriggers(agent, byHand());
  await expect(triggers.run("dry-bed", { payload: large })).rejects.toMatchObject({
    code: "event-refused",
    reason: "Its payload is larger than 64 KB.",
  });
  expect(triggers.states[0]?.counts.dropped).toBe(1);
  expect(triggers.notices).toEqual([
    {
      level: "error",
      trigger: "dry-bed",
      message: "The trigger dry-bed left out an event: it is larger than 64 KB. Send less, or read another topic.",
    },
  ]);
});
