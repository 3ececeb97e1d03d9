import { setImmediate as tick } from "node:timers/promises";
import { openAgent } from "@nanoagent/runtime";
import { ScriptedEngine } from "@nanoagent/runtime/testing";
import fc from "fast-check";
import { expect, test } from "vitest";
import { ConversationStore } from "../../src/conversations/conversation-store.js";

const device = { device_id: "d", platform: "linux-aarch64", memory_mb: 512, cpu_cores: 2 };
const timestamp = "2026-01-01T00:00:00.000Z";

const request = fc.record({
  id: fc.constantFrom("a", "b", "c", "d", null),
  /** Times are numbers of event loop rounds. */
  comesAfter: fc.nat(6),
  holdsFor: fc.nat(3),
  leavesAfter: fc.option(fc.nat(8), { freq: 2 }),
  isAnswered: fc.boolean(),
});

test("however requests come and leave, each ends, no two have the same conversation, and ids keep their order", async () => {
  await using agent = await openAgent({ spec: { name: "house" }, device }, { engine: new ScriptedEngine() });
  const property = fc.asyncProperty(
    fc.array(request, { maxLength: 20 }),
    fc.nat({ max: 2 }),
    async (requests, more) => {
      const store = new ConversationStore({ limits: { max: 1 + more } });
      const inUse = new Set<object>();
      const started = new Map<string, number[]>();
      const order = new Map<string, number[]>();
      let isRunning = 0;
      const send = async (
        number: number,
        { id, comesAfter, holdsFor, leavesAfter, isAnswered }: (typeof requests)[number],
      ) => {
        for (let round = 0; round < comesAfter; round++) await tick();
        const controller = new AbortController();
        const leave = async () => {
          for (let round = 0; round < (leavesAfter ?? 0); round++) await tick();
          controller.abort();
        };
        if (leavesAfter !== null) void leave();
        const key = id ?? "";
        order.set(key, [...(order.get(key) ?? []), number]);
        const before = [{ role: "user" as const, content: `${number % 2}`, timestamp }];
        try {
          const asked = { conversationIds: id === null ? [] : [id], before, message: "hello" };
          const { conversation, release } = await store.open(agent, asked, controller.signal);
          expect(inUse.has(conversation)).toBe(false);
          inUse.add(conversation);
          isRunning += 1;
          expect(isRunning).toBeLessThanOrEqual(1 + more);
          started.set(key, [...(started.get(key) ?? []), number]);
          for (let round = 0; round < holdsFor; round++) await tick();
          if (isAnswered) await conversation.process("hello");
          isRunning -= 1;
          inUse.delete(conversation);
          release(isAnswered ? { text: "Yes.", textWithRetracted: "Yes.", calls: [] } : null);
        } catch (error) {
          expect(error).toMatchObject({ code: "aborted" });
          expect(leavesAfter).not.toBeNull();
        }
      };
      await Promise.all(requests.map((one, number) => send(number, one)));
      for (const [key, numbers] of started) {
        if (key !== "") expect(numbers).toEqual(order.get(key)?.filter((number) => numbers.includes(number)));
      }
      expect(store.count).toBeLessThanOrEqual(1 + more);
      await store.close();
      expect(store.bytes).toBe(0);
    },
  );
  await fc.assert(property);
});
