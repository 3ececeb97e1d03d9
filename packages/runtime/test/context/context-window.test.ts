import fc from "fast-check";
import { expect, test } from "vitest";
import { ContextWindow } from "../../src/context/context-window.js";
import type { EngineMessage } from "../../src/engines/engine.js";
import { ScriptedEngine } from "../../src/testing/scripted-engine.js";

const words = (count: number) => Array.from({ length: count }, () => "word").join(" ");
const user = (content: string): EngineMessage => ({ role: "user", content });
const assistant = (content: string): EngineMessage => ({ role: "assistant", content });

/** Counts how often it was asked to count. */
class CountingEngine extends ScriptedEngine {
  counted = 0;
  override countTokens(text: string): number {
    this.counted += 1;
    return super.countTokens(text);
  }
}

test("over a whole conversation the window fits, holds whole turns, and seldom begins anew", async () => {
  const turns = fc.array(fc.tuple(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 0, max: 30 })), { maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(
      turns,
      fc.integer({ min: 80, max: 600 }),
      fc.option(fc.integer({ min: 1, max: 10 })),
      async (said, contextTokens, instructionWords) => {
        const engine = new CountingEngine([], { contextTokens });
        const instructions = instructionWords === null ? null : words(instructionWords);
        const context = new ContextWindow(engine, instructions);
        const budget = Math.floor(contextTokens * 0.75);
        const costOf = (some: readonly EngineMessage[]) =>
          some.reduce(
            (sum, { content }) => sum + engine.countTokens(content) + 8,
            instructions === null ? 0 : engine.countTokens(instructions) + 8,
          );
        const messages: EngineMessage[] = [];
        let before: readonly EngineMessage[] = [];
        for (const [ask, answer] of said) {
          messages.push(user(words(ask)));
          const window = await context.select(messages);
          expect(window).toEqual(messages.slice(messages.length - window.length));
          expect(window[0]?.role).toBe("user");
          expect(costOf(window)).toBeLessThanOrEqual(budget);
          if (window[0] === before[0]) expect(window.slice(0, before.length)).toEqual(before);
          // What left did so because there was no room, and made room for more than this message.
          else if (before.length > 0) {
            expect(costOf([...before, ...messages.slice(-2)])).toBeGreaterThan(budget);
            expect(costOf(window)).toBeLessThanOrEqual(Math.max(budget / 2, costOf(window.slice(-1))));
          }
          before = window;
          messages.push(assistant(words(answer)));
        }
      },
    ),
  );
});

test("each message is counted once", async () => {
  const engine = new CountingEngine([], { contextTokens: 10_000 });
  const context = new ContextWindow(engine, "Be brief.");
  const messages: EngineMessage[] = [];
  for (let turn = 0; turn < 50; turn++) {
    messages.push(user("hello"));
    await context.select(messages);
    messages.push(assistant("hello"));
  }
  expect(engine.counted).toBe(1 + 99);
});

test("turns that the history has dropped are not missed", async () => {
  const context = new ContextWindow(new ScriptedEngine([], { contextTokens: 100 }), null);
  const messages = [user(words(20)), assistant(words(20)), user(words(20)), assistant(words(5)), user("now")];
  await context.select(messages);
  const rest = [user("other"), assistant("words"), user("then")];
  expect(await context.select(rest)).toEqual(rest);
});

test("a context that has become smaller shows less", async () => {
  const engine = { ...new ScriptedEngine(), countTokens: () => 10, contextTokens: 200 as number };
  const context = new ContextWindow(engine as never, null);
  const messages = [user("a"), assistant("b"), user("c"), assistant("d"), user("e")];
  expect(await context.select(messages)).toHaveLength(5);
  engine.contextTokens = 100;
  expect(await context.select(messages)).toHaveLength(1);
});

test("a message that is too large says by how much", async () => {
  const context = new ContextWindow(new ScriptedEngine([], { contextTokens: 100 }), null);
  await expect(context.select([user(words(100))])).rejects.toMatchObject({
    code: "context-exceeded",
    message: "The message needs 108 tokens, 33 more than the 75 that the engine's context of 100 leaves for it.",
  });
});

test("without a limit all messages come back, in a list of their own", async () => {
  const messages = [user("hello")];
  const window = await new ContextWindow(new ScriptedEngine(), null).select(messages);
  expect(window).toEqual(messages);
  expect(window).not.toBe(messages);
});
