import { describe, expect, test } from "vitest";
import { ConversationMemory } from "../../src/conversations/conversation-memory.js";

const limits =
  (max = 32, idleMilliseconds = 3_600_000) =>
  () => ({ max, idleMilliseconds });

async function say(memory: ConversationMemory, id: string, message: string, reply = "ok") {
  const turn = await memory.begin(id);
  turn.end({ message, reply });
  return turn.before.map(({ content }) => content);
}

describe("the conversations of voice assistants", () => {
  test("have the messages of their own turns, in order", async () => {
    const memory = new ConversationMemory(limits());
    expect(await say(memory, "a", "1")).toEqual([]);
    expect(await say(memory, "b", "2")).toEqual([]);
    expect(await say(memory, "a", "3", "fine")).toEqual(["1", "ok"]);
    const turn = await memory.begin("a");
    expect(turn.before).toMatchObject([
      { role: "user", content: "1" },
      { role: "assistant", content: "ok" },
      { role: "user", content: "3" },
      { role: "assistant", content: "fine" },
    ]);
  });

  test("keep nothing of a turn that failed, and end it once", async () => {
    const memory = new ConversationMemory(limits());
    const turn = await memory.begin("a");
    turn.end();
    turn.end({ message: "1", reply: "ok" });
    expect(await say(memory, "a", "2")).toEqual([]);
  });

  test("run one turn at a time, and others of other conversations beside it", async () => {
    const memory = new ConversationMemory(limits());
    const order: string[] = [];
    const first = await memory.begin("a");
    const second = memory.begin("a").then((turn) => {
      order.push("second");
      turn.end();
    });
    const third = memory.begin("a").then((turn) => {
      order.push("third");
      turn.end();
    });
    (await memory.begin("b")).end();
    order.push("other");
    first.end();
    await Promise.all([second, third]);
    expect(order).toEqual(["other", "second", "third"]);
  });

  test("are forgotten when they are idle, or too many", async () => {
    let now = 0;
    const memory = new ConversationMemory(limits(2, 60_000), () => now);
    await say(memory, "a", "1");
    now = 30_000;
    await say(memory, "b", "1");
    now = 61_000;
    expect(await say(memory, "a", "2")).toEqual([]);
    expect(await say(memory, "b", "2")).toEqual(["1", "ok"]);
    await say(memory, "c", "1");
    expect(memory.size).toBe(2);
    expect(await say(memory, "b", "3")).toHaveLength(4);
    expect(await say(memory, "a", "3")).toEqual([]);
  });

  test("are not forgotten during a turn", async () => {
    let now = 0;
    const memory = new ConversationMemory(limits(1, 60_000), () => now);
    await say(memory, "a", "1");
    const turn = await memory.begin("a");
    now = 120_000;
    await say(memory, "b", "1");
    turn.end({ message: "2", reply: "ok" });
    expect(await say(memory, "a", "3")).toHaveLength(4);
  });

  test("keep their newest messages, in whole turns", async () => {
    const memory = new ConversationMemory(limits());
    for (let count = 0; count < 9; count++) await say(memory, "a", String(count), "x".repeat(8000));
    const before = await say(memory, "a", "next");
    expect(before.length).toBeLessThan(18);
    expect(before.length % 2).toBe(0);
    expect(before.at(-2)).toBe("8");
    await say(memory, "a", "long", "x".repeat(100_000));
    expect(await say(memory, "a", "next")).toEqual([]);
  });
});
