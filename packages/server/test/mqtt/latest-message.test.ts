import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { LatestMessage, type LatestMessageParts } from "../../src/mqtt/latest-message.js";
import { MemoryBroker } from "./memory-broker.js";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Lets what is due happen. */
const settle = () => vi.advanceTimersByTimeAsync(0);

function open(spacingMilliseconds = 5000, companion?: LatestMessageParts["companion"]) {
  const broker = new MemoryBroker();
  const notices: string[] = [];
  const message = new LatestMessage({
    broker,
    topic: "t",
    companion,
    spacingMilliseconds,
    onNotice: ({ message: text }) => notices.push(text),
  });
  return { broker, notices, message, texts: () => broker.textsOf("t") };
}

describe("the latest message of a topic", () => {
  test("is retained, and published when it changes", async () => {
    const { broker, message, texts } = open();
    broker.connect();
    message.set("a");
    message.set("a");
    await settle();
    message.set("a");
    await vi.advanceTimersByTimeAsync(60_000);
    expect(texts()).toEqual(["a"]);
    expect(broker.retained.get("t")).toBe("a");
  });

  test("comes after its companion each time, whether the broker takes that or not", async () => {
    const { broker, notices, message, texts } = open(0, { topic: "status", payload: "online" });
    broker.connect();
    message.set("a");
    await settle();
    message.set("b");
    await settle();
    expect(broker.published.map(({ topic, text, retain }) => [topic, text, retain])).toEqual([
      ["status", "online", true],
      ["t", "a", true],
      ["status", "online", true],
      ["t", "b", true],
    ]);
    broker.refused.add("status");
    message.set("c");
    await settle();
    expect(texts()).toEqual(["a", "b", "c"]);
    expect(notices).toEqual([]);
  });

  test("waits for the pause, and replaces those before it", async () => {
    const { broker, message, texts } = open();
    broker.connect();
    message.set("a");
    await settle();
    for (const value of ["b", "c", "d"]) message.set(value);
    await vi.advanceTimersByTimeAsync(4999);
    expect(texts()).toEqual(["a"]);
    await vi.advanceTimersByTimeAsync(1);
    expect(texts()).toEqual(["a", "d"]);
  });

  test("is left out when the value comes back before the pause ends", async () => {
    const { broker, message, texts } = open();
    broker.connect();
    message.set("a");
    await settle();
    message.set("b");
    message.set("a");
    await vi.advanceTimersByTimeAsync(10_000);
    expect(texts()).toEqual(["a"]);
  });

  test("is published after a connection, and again after the next", async () => {
    const { broker, message, texts } = open();
    message.set("a");
    message.set("b");
    await settle();
    expect(texts()).toEqual([]);
    broker.connect();
    message.again();
    await settle();
    expect(texts()).toEqual(["b"]);
    broker.disconnect();
    broker.connect();
    message.again();
    await vi.advanceTimersByTimeAsync(5000);
    expect(texts()).toEqual(["b", "b"]);
  });

  test("is published again if the connection broke while it was under way", async () => {
    const { broker, message, texts } = open();
    broker.connect();
    broker.hold();
    message.set("a");
    await settle();
    message.again();
    message.set("b");
    broker.release();
    await vi.advanceTimersByTimeAsync(5000);
    expect(texts()).toEqual(["a", "b"]);
  });

  test("that is refused causes one notice, and is tried again with the next value", async () => {
    const { broker, message, notices, texts } = open();
    broker.connect();
    broker.refused.add("t");
    message.set("a");
    await vi.advanceTimersByTimeAsync(60_000);
    message.set("b");
    await vi.advanceTimersByTimeAsync(60_000);
    expect(notices).toEqual(["A message to t was not published. The broker refuses messages to t."]);
    broker.refused.clear();
    message.set("b");
    await settle();
    expect(texts()).toEqual(["b"]);
  });

  test("is not stopped by a clock that is set back", async () => {
    const { broker, message, texts } = open();
    broker.connect();
    message.set("a");
    await settle();
    vi.setSystemTime(Date.now() - 3_600_000);
    message.set("b");
    await settle();
    expect(texts()).toEqual(["a", "b"]);
  });

  test("is not published after the end", async () => {
    const { broker, message, notices, texts } = open();
    broker.connect();
    broker.hold();
    message.set("a");
    await settle();
    message.close();
    broker.release();
    message.set("b");
    await vi.advanceTimersByTimeAsync(60_000);
    expect(texts()).toEqual([]);
    expect(notices).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });
});
