import { expect, test, vi } from "vitest";
import { createSource } from "../../../src/triggers/sources/create-source.js";
import { MemoryBroker } from "../../mqtt/memory-broker.js";
import { AcceptedEvents, sourceContext } from "./accepted-events.js";

function listen(settings: { topic: string; retained?: boolean }) {
  const broker = new MemoryBroker();
  const events = new AcceptedEvents();
  const source = createSource({ mqtt: settings }, sourceContext({ broker }));
  source.start(events.accept);
  broker.connect();
  return { broker, events, source };
}

test("makes an event of each message, with its topic", async () => {
  const { broker, events } = listen({ topic: "garden/+/moisture" });
  await broker.send("garden/bed1/moisture", '{"percent":23}');
  await broker.send("garden/bed2/moisture", "41");
  await broker.send("garden/bed2/moisture", new Uint8Array([0xff]));
  await broker.send("house/door", "open");
  expect(events.all.map(({ topic, payload }) => [topic, payload])).toEqual([
    ["garden/bed1/moisture", { percent: 23 }],
    ["garden/bed2/moisture", 41],
    ["garden/bed2/moisture", { base64: "/w==" }],
  ]);
});

test("ignores and acknowledges what the broker had stored, unless it is wanted", async () => {
  const { broker, events } = listen({ topic: "a" });
  await broker.send("a", "old", { retain: true });
  expect(events.offered).toEqual([]);
  const wanting = listen({ topic: "a", retained: true });
  await wanting.broker.send("a", "old", { retain: true });
  expect(wanting.events.payloads).toEqual(["old"]);
});

test("does not acknowledge messages before their events are on disk, and keeps their order while they wait", async () => {
  const { broker, events, source } = listen({ topic: "a" });
  events.answer = () => ({ status: "refused", reason: "full" });
  let acknowledged = 0;
  const sending = [1, 2, 3].map((number) => broker.send("a", String(number)).then(() => (acknowledged += 1)));
  const problem = expect.stringMatching(/queue .* is full/);
  await vi.waitFor(() => expect(source.state).toMatchObject({ status: "failing", problem }), { timeout: 20_000 });
  expect(acknowledged).toBe(0);
  events.answer = () => null;
  source.noteRoom?.();
  await Promise.all(sending);
  expect(events.payloads).toEqual([1, 2, 3]);
  expect(source.state).toEqual({ status: "listening", problem: null });
});

test("does not listen to what the agent itself tells", async () => {
  const broker = new MemoryBroker();
  const events = new AcceptedEvents();
  const isOwnTopic = (topic: string) => topic === "nanoagent/shed/event";
  const source = createSource({ mqtt: { topic: "nanoagent/shed/+" } }, sourceContext({ broker, isOwnTopic }));
  source.start(events.accept);
  broker.connect();
  await broker.send("nanoagent/shed/event", "{}");
  await broker.send("nanoagent/shed/ask", "hello");
  expect(events.payloads).toEqual(["hello"]);
  await source.close();
});

test("acknowledges a message that is never accepted", async () => {
  const { broker, events } = listen({ topic: "a" });
  events.answer = () => ({ status: "refused", reason: "too-large" });
  await broker.send("a", "1");
  expect(events.offered).toHaveLength(1);
});

test("leaves messages with the broker once it is closed, and the subscription, too", async () => {
  const ends: unknown[] = [];
  const { broker, events, source } = listen({ topic: "b" });
  const subscribe = vi.spyOn(broker, "subscribe").mockReturnValue((options?: unknown) => ends.push(options));
  const other = createSource({ mqtt: { topic: "a" } }, sourceContext({ broker }));
  other.start(events.accept);
  const onMessage = subscribe.mock.calls[0]?.[1];
  await Promise.all([other.close(), source.close()]);
  expect(ends).toEqual([{ keep: true }]);
  await expect(onMessage?.({ topic: "a", payload: new Uint8Array(), retain: false })).rejects.toThrow("closed");
  expect(events.offered).toEqual([]);
});

test("waits without a connection, and fails without a broker", () => {
  const { broker, source } = listen({ topic: "a" });
  broker.disconnect();
  expect(source.state.status).toBe("waiting");
  expect(createSource({ mqtt: { topic: "a" } }, sourceContext()).state).toEqual({
    status: "failing",
    problem: "The config has no mqtt, so there is no broker to listen to. Add mqtt.url.",
  });
});
