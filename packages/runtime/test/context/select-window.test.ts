import fc from "fast-check";
import { expect, test } from "vitest";
import { selectWindow } from "../../src/context/select-window.js";
import type { EngineMessage } from "../../src/engines/engine.js";
import { ScriptedEngine } from "../../src/testing/scripted-engine.js";

const words = (count: number) => Array.from({ length: count }, () => "word").join(" ");

test("the window fits, begins with a turn, ends with the message, and leaves no room for one turn more", async () => {
  const turns = fc.array(fc.tuple(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 0, max: 30 })), { maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(
      turns,
      fc.integer({ min: 60, max: 600 }),
      fc.option(fc.integer({ min: 1, max: 10 })),
      async (said, contextTokens, instructionWords) => {
        const engine = new ScriptedEngine([], { contextTokens });
        const instructions = instructionWords === null ? null : words(instructionWords);
        const history: EngineMessage[] = said.flatMap(([ask, answer]) => [
          { role: "user", content: words(ask) },
          { role: "assistant", content: words(answer) },
        ]);
        const messages = [...history, { role: "user" as const, content: "now answer" }];
        const window = await selectWindow(engine, instructions, messages);
        const cost = (text: string) => engine.countTokens(text) + 8;
        const costOf = (some: readonly EngineMessage[]) =>
          some.reduce((sum, { content }) => sum + cost(content), instructions === null ? 0 : cost(instructions));
        const budget = Math.floor(contextTokens * 0.75);
        expect(window).toEqual(messages.slice(messages.length - window.length));
        expect(window[0]?.role).toBe("user");
        expect(costOf(window)).toBeLessThanOrEqual(budget);
        if (window.length < messages.length) {
          expect(costOf(messages.slice(messages.length - window.length - 2))).toBeGreaterThan(budget);
        }
      },
    ),
  );
});

test("a message that is too large says by how much", async () => {
  const engine = new ScriptedEngine([], { contextTokens: 100 });
  await expect(selectWindow(engine, null, [{ role: "user", content: words(100) }])).rejects.toMatchObject({
    code: "context-exceeded",
    message: "The message needs 108 tokens, 33 more than the 75 that the engine's context of 100 leaves for it.",
  });
});

test("without a limit all messages come back, in a list of their own", async () => {
  const messages: EngineMessage[] = [{ role: "user", content: "hello" }];
  const window = await selectWindow(new ScriptedEngine(), null, messages);
  expect(window).toEqual(messages);
  expect(window).not.toBe(messages);
});
