import fc from "fast-check";
import { expect, test } from "vitest";
import { ContextWindow } from "../../src/context/context-window.js";
import type { EngineMessage } from "../../src/engines/engine.js";
import { renderChat } from "../../src/engines/llama/chat-template.js";
import { ScriptedEngine } from "../../src/testing/scripted-engine.js";

const words = (count: number) => Array.from({ length: count }, () => "word").join(" ");
const user = (content: string): EngineMessage => ({ role: "user", content });
const assistant = (content: string): EngineMessage => ({ role: "assistant", content });

/** Counts the calls of its token counter. */
class CountingEngine extends ScriptedEngine {
  counted = 0;
  override countTokens(text: string): number {
    this.counted += 1;
    return super.countTokens(text);
  }
}

test("over a whole conversation the window fits, contains complete turns, and rarely moves", async () => {
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
          const { messages: window, leftTurns } = await context.select(messages);
          const stayed = window[0] === before[0] || before.length === 0;
          expect(window).toEqual(messages.slice(messages.length - window.length));
          expect(window[0]?.role).toBe("user");
          expect(costOf(window)).toBeLessThanOrEqual(budget);
          expect(leftTurns === 0).toBe(stayed);
          if (window[0] === before[0]) expect(window.slice(0, before.length)).toEqual(before);
          // Turns were dropped because there was no room, and more room was made than for this message.
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

test("works after the history has dropped turns", async () => {
  const context = new ContextWindow(new ScriptedEngine([], { contextTokens: 100 }), null);
  const messages = [user(words(20)), assistant(words(20)), user(words(20)), assistant(words(5)), user("now")];
  await context.select(messages);
  const rest = [user("other"), assistant("words"), user("then")];
  expect((await context.select(rest)).messages).toEqual(rest);
});

test("a smaller context shows fewer messages", async () => {
  const engine = { ...new ScriptedEngine(), countTokens: () => 10, contextTokens: 200 as number };
  const context = new ContextWindow(engine as never, null);
  const messages = [user("a"), assistant("b"), user("c"), assistant("d"), user("e")];
  expect((await context.select(messages)).messages).toHaveLength(5);
  engine.contextTokens = 100;
  expect((await context.select(messages)).messages).toHaveLength(1);
});

test("the error for a large message says by how much it is too large", async () => {
  const context = new ContextWindow(new ScriptedEngine([], { contextTokens: 100 }), null);
  await expect(context.select([user(words(100))])).rejects.toMatchObject({
    code: "context-exceeded",
    message: "The message needs 108 tokens, 33 more than the 75 free in the engine's context of 100.",
    reason: null,
  });
});

test("instructions, tools, and the calls and results of the turn count", async () => {
  const tool = { name: "look", description: words(50), inputSchema: { type: "object" } };
  const context = new ContextWindow(new ScriptedEngine([], { contextTokens: 200 }), "Be brief.");
  const messages: EngineMessage[] = [user(words(5))];
  // 10 for the instructions, 64 and 8 for the list of tools, the tool itself, and the message.
  expect((await context.select(messages, [tool])).messages).toEqual(messages);
  messages.push({ role: "assistant", content: "", tool_calls: [{ id: "1", name: "look", arguments: { at: "pump" } }] });
  messages.push({ role: "tool", content: words(10), tool_call_id: "1" });
  await expect(context.select(messages, [tool])).rejects.toMatchObject({
    code: "context-exceeded",
    message: "The message needs 172 tokens, 22 more than the 150 free in the engine's context of 200.",
    reason: "The instructions and the tools take 132 of them.",
  });
});

/** Returns a turn with this number of calls, whose results have this number of words. */
function turnOf(number: number, results: readonly number[]): EngineMessage[] {
  const calls = results.map((_, index) => ({ id: `${index}`, name: "look", arguments: { number } }));
  return [
    user(`Turn ${number}: what do you see?`),
    ...(calls.length === 0 ? [] : [{ ...assistant(""), tool_calls: calls }]),
    ...results.map((count, index) => ({ role: "tool" as const, content: words(count), tool_call_id: `${index}` })),
    assistant(`In turn ${number} nothing.`),
  ];
}

test("a call and its result are dropped together, and the running turn stays complete", async () => {
  const results = fc.array(fc.integer({ min: 0, max: 10 }), { maxLength: 3 });
  await fc.assert(
    fc.asyncProperty(fc.array(results, { minLength: 1, maxLength: 8 }), async (turns) => {
      const context = new ContextWindow(new ScriptedEngine([], { contextTokens: 200 }), null);
      const messages: EngineMessage[] = [];
      for (const [number, counts] of turns.entries()) {
        const turn = turnOf(number, counts);
        // The engine is called after the question, and after each result.
        for (const message of turn.slice(0, -1)) {
          messages.push(message);
          const { messages: window } = await context.select(messages);
          expect(window).toContain(turn[0]);
          expect(window.slice(window.indexOf(turn[0] as never))).toEqual(messages.slice(-turn.indexOf(message) - 1));
          const whole = turns.slice(0, number).flatMap((some, index) => turnOf(index, some));
          const older = window.slice(0, window.indexOf(turn[0] as never));
          expect(older).toEqual(older.length === 0 ? [] : whole.slice(-older.length));
          expect(older[0]?.role ?? "user").toBe("user");
        }
        messages.push(turn.at(-1) as EngineMessage);
      }
    }),
  );
});

const templates = {
  "llama.cpp's own reading of a file without a template": null,
  ChatML:
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}",
  SmolLM2:
    "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n' }}{% endif %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}",
};

test.each(Object.entries(templates))(
  "until turns are dropped, a prompt begins with the bytes of the previous one (%s)",
  async (_, chatTemplate) => {
    const model = { chatTemplate, bosToken: "<s>", eosToken: "</s>", isControlToken: () => false };
    // Empty messages are omitted from a prompt, and the messages around them are merged.
    const text = fc.string({ maxLength: 200 }).map((rest) => `x${rest}`);
    const said = fc.array(fc.tuple(text, text), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(said, fc.option(fc.string()), async (turns, instructions) => {
        const engine = new ScriptedEngine([], { contextTokens: 200 });
        const context = new ContextWindow(engine, instructions);
        const messages: EngineMessage[] = [];
        let before = "";
        for (const [question, answer] of turns) {
          messages.push(user(question));
          const selection = await context.select(messages);
          const { text } = renderChat(model, { instructions, messages: selection.messages });
          if (selection.leftTurns === 0) expect(text.slice(0, before.length)).toBe(before);
          before = text;
          messages.push(assistant(answer));
        }
      }),
    );
  },
);

test("without a limit all messages are returned, in a new list", async () => {
  const messages = [user("hello")];
  const { messages: window } = await new ContextWindow(new ScriptedEngine(), null).select(messages);
  expect(window).toEqual(messages);
  expect(window).not.toBe(messages);
});

test("uncounted messages are counted in one request, except those that cannot fit", async () => {
  const trips: number[] = [];
  class TripEngine extends ScriptedEngine {
    override countTokens(text: string): number {
      trips.push(1);
      return super.countTokens(text);
    }
    async countTokensOfAll(texts: readonly string[]): Promise<number[]> {
      trips.push(texts.length);
      return texts.map((text) => super.countTokens(text));
    }
  }
  const window = new ContextWindow(new TripEngine(["Yes."], { contextTokens: 2000 }), null);
  const messages: EngineMessage[] = [];
  const say = (role: "user" | "assistant", content: string) => messages.push({ role, content });
  for (let turn = 0; turn < 20; turn++) {
    say("user", "how dry is bed three");
    say("assistant", "very dry");
  }
  say("user", "and now");
  const tool = { name: "water", description: "Waters.", inputSchema: {} };
  expect((await window.select(messages, [tool])).messages).toHaveLength(41);
  expect(trips).toEqual([42]);
  say("assistant", "very dry");
  say("user", "thanks");
  await window.select(messages, [tool]);
  expect(trips).toEqual([42, 2]);

  // A history of megabytes is not sent for counting.
  const long = Array.from(
    { length: 400 },
    (_, index): EngineMessage => ({
      role: index % 2 === 0 ? "user" : "assistant",
      content: "x ".repeat(1000),
    }),
  );
  trips.length = 0;
  await new ContextWindow(new TripEngine(["Yes."], { contextTokens: 4000 }), null).select([...long, ...messages]);
  expect(trips.reduce((sum, count) => sum + count)).toBeLessThan(80);
});
