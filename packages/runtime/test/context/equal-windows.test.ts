import fc from "fast-check";
import { expect, test } from "vitest";
import { ContextWindow } from "../../src/context/context-window.js";
import { askForSummary } from "../../src/context/summarize-turns.js";
import type { EngineMessage } from "../../src/engines/engine.js";
import { History } from "../../src/session/history.js";
import { ScriptedEngine } from "../../src/testing/scripted-engine.js";
import { ReferenceWindow, SUMMARY } from "./reference-window.js";

const words = (count: number) => "word ".repeat(count).trim();
const at = { timestamp: "2026-01-31T12:00:00Z" };

/** Events of a conversation between two requests to an engine. */
const event = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant("turn" as const), ask: fc.nat(25), reply: fc.nat(25) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("act" as const),
      ask: fc.nat(10),
      results: fc.array(fc.nat(15), { maxLength: 3 }),
      reply: fc.nat(10),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("failure" as const), ask: fc.nat(40), isLeft: fc.boolean() }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("context" as const), tokens: fc.integer({ min: 60, max: 700 }) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("tools" as const), count: fc.nat(3) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("idle" as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("damage" as const) }) },
);

const toolsOf = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ name: `tool${index}`, description: words(6), inputSchema: {} }));

test("after any events, the window equals the reference window", async () => {
  const scenes = { moved: 0, grown: 0, summarized: 0, dropped: 0 };
  await fc.assert(
    fc.asyncProperty(
      fc.array(event, { minLength: 1, maxLength: 60 }),
      fc.record({
        contextTokens: fc.option(fc.integer({ min: 100, max: 700 }), { freq: 8 }),
        maxHistoryBytes: fc.constantFrom(2_000, 8_000, 1_000_000),
        instructions: fc.option(fc.constant("Be brief and kind.")),
        summarizes: fc.boolean(),
        countsAll: fc.boolean(),
      }),
      async (events, { contextTokens, maxHistoryBytes, instructions, summarizes, countsAll }) => {
        const scripted = new ScriptedEngine([SUMMARY]);
        const engine = {
          name: "counting",
          contextTokens,
          countTokens: (text: string) => scripted.countTokens(text),
          ...(countsAll && {
            countTokensOfAll: async (texts: readonly string[]) => texts.map((text) => scripted.countTokens(text)),
          }),
          generate: scripted.generate.bind(scripted),
          close: async () => {},
        };
        const window = new ContextWindow(engine, instructions, { summarizes });
        const reference = new ReferenceWindow(engine, instructions, summarizes);
        const history = new History(maxHistoryBytes);
        let tools = toolsOf(0);
        let shown: readonly EngineMessage[] = [];
        let before: readonly EngineMessage[] = [];
        const select = async (messages: readonly EngineMessage[]): Promise<boolean> => {
          const expected = reference.select(messages, tools);
          const selected = await Promise.resolve(window.select(messages, tools)).catch(() => null);
          expect(selected).toEqual(expected);
          if (selected === null || expected === null) return false;
          // The same objects, not copies, in a list that is not the conversation's own.
          expect(selected.messages.every((message, index) => message === expected.messages[index] || index < 2)).toBe(
            true,
          );
          expect(selected.messages).not.toBe(messages);
          if (selected.messages === shown && before.length > 0) {
            scenes.grown += 1;
            expect(selected.messages.slice(0, before.length)).toEqual(before);
          }
          if (selected.leftTurns > 0) scenes.moved += 1;
          shown = selected.messages;
          before = [...shown];
          return true;
        };
        for (const happened of events) {
          switch (happened.kind) {
            case "turn":
            case "act": {
              const messages = history.begin([{ role: "user", content: words(happened.ask), ...at }]);
              let isWhole = await select(messages);
              for (const [index, result] of (happened.kind === "act" ? happened.results : []).entries()) {
                if (!isWhole) break;
                const id = `${index}`;
                const tool_calls = [{ id, name: "tool0", arguments: {} }];
                history.extend({ role: "assistant", content: "", tool_calls, ...at });
                history.extend({ role: "tool", content: words(result), tool_call_id: id, ...at });
                isWhole = await select(messages);
              }
              if (isWhole) history.commit({ role: "assistant", content: words(happened.reply), ...at });
              else history.rollback();
              break;
            }
            case "failure": {
              await select(history.begin([{ role: "user", content: words(happened.ask), ...at }]));
              if (happened.isLeft) window.keepShown();
              const kept = [...shown];
              const list = shown;
              history.rollback();
              await select(history.begin([{ role: "user", content: "again", ...at }]));
              history.rollback();
              // A reader that still uses the old list finds it unchanged.
              if (happened.isLeft) expect(list).toEqual(kept);
              break;
            }
            case "context":
              if (engine.contextTokens !== null) engine.contextTokens = happened.tokens;
              break;
            case "tools":
              tools = toolsOf(happened.count);
              break;
            case "idle": {
              const isNew = await window.summarize(history.finished, new AbortController().signal);
              expect(isNew).toBe(reference.summarize(history.finished, askForSummary));
              if (isNew) scenes.summarized += 1;
              break;
            }
            case "damage":
              // An engine that breaks its contract and modifies the list does not affect later requests.
              (shown as EngineMessage[]).pop();
              before = [...shown];
              break;
          }
        }
        if (history.droppedTurns > 0) scenes.dropped += 1;
      },
    ),
    { numRuns: 300 },
  );
  // Every kind of event that affects a window has occurred.
  for (const times of Object.values(scenes)) expect(times).toBeGreaterThan(0);
});

test("a growing list is extended, so the work per turn does not grow with the conversation", async () => {
  for (const contextTokens of [null, 1_000_000]) {
    const window = new ContextWindow(new ScriptedEngine([], { contextTokens }), null);
    const history = new History(Number.MAX_SAFE_INTEGER);
    const lists = new Set<readonly EngineMessage[]>();
    for (let turn = 0; turn < 500; turn++) {
      const { messages } = await window.select(history.begin([{ role: "user", content: `${turn}`, ...at }]));
      expect(messages).toHaveLength(2 * turn + 1);
      lists.add(messages);
      history.commit({ role: "assistant", content: "yes", ...at });
    }
    expect(lists.size).toBe(1);
  }
});
