import fc from "fast-check";
import { expect, test } from "vitest";
import { ContextWindow } from "../../src/context/context-window.js";
import type { EngineMessage } from "../../src/engines/engine.js";
import { ScriptedEngine } from "../../src/testing/scripted-engine.js";

const words = (count: number) => Array.from({ length: count }, () => "word").join(" ");
const user = (content: string): EngineMessage => ({ role: "user", content });
const assistant = (content: string): EngineMessage => ({ role: "assistant", content });

/** An engine whose context doubles as long as its memory allows. */
class GrowingEngine extends ScriptedEngine {
  length: number;
  admitted: number;
  isPaused = false;
  isLoaded = true;
  grown: number[] = [];
  readonly longest: number;

  constructor(length: number, longest: number, admitted = longest) {
    super([], { contextTokens: length });
    this.length = length;
    this.longest = longest;
    this.admitted = admitted;
    Object.defineProperty(this, "contextTokens", { get: () => this.length });
  }

  get longestContextTokens(): number | null {
    return this.isPaused || this.length >= this.longest ? null : this.longest;
  }

  async growContext(tokens: number): Promise<void> {
    this.grown.push(tokens);
    let length = this.length;
    while (length < tokens) length *= 2;
    const before = this.length;
    this.length = Math.max(before, Math.min(length, this.longest, this.admitted));
    this.isLoaded = true;
    if (this.length < tokens) this.isPaused = true;
  }

  override countTokens(text: string): number {
    this.isLoaded = true;
    return super.countTokens(text);
  }

  countTokensOfAll = async (texts: readonly string[]) => texts.map((text) => this.countTokens(text));
}

test("nothing is dropped while the context can grow, and it only grows when needed", async () => {
  const turns = fc.array(fc.tuple(fc.integer({ min: 0, max: 120 }), fc.integer({ min: 0, max: 60 })), {
    maxLength: 40,
  });
  const lengths = fc.record({
    longest: fc.integer({ min: 64, max: 3000 }),
    admitted: fc.integer({ min: 64, max: 3000 }),
  });
  await fc.assert(
    fc.asyncProperty(turns, lengths, fc.boolean(), async (said, { longest, admitted }, summarizes) => {
      const engine = new GrowingEngine(256, longest, admitted);
      const context = new ContextWindow(engine, "Be brief.", { summarizes });
      const messages: EngineMessage[] = [];
      const costOf = (some: readonly EngineMessage[]) =>
        some.reduce((sum, { content }) => sum + engine.countTokens(content) + 8, engine.countTokens("Be brief.") + 8);
      let before: readonly EngineMessage[] = [];
      for (const [ask, answer] of said) {
        messages.push(user(words(ask)));
        const length = engine.length;
        const grown = engine.grown.length;
        const shown = [...before, ...messages.slice(-2)];
        const selected = await Promise.resolve(context.select(messages)).catch((error: unknown) => {
          // A message that does not fit any context is rejected.
          expect(error).toMatchObject({ code: "context-exceeded" });
          expect(costOf(messages.slice(-1))).toBeGreaterThan(Math.floor(engine.length * 0.75));
          return null;
        });
        const most = Math.floor(Math.min(Math.max(256, longest), Math.max(256, admitted)) * 0.75);
        if (selected === null) {
          messages.pop();
          continue;
        }
        expect(costOf(selected.messages)).toBeLessThanOrEqual(Math.floor(engine.length * 0.75));
        expect(engine.length).toBeLessThanOrEqual(Math.max(256, longest));
        if (selected.leftTurns > 0) expect(costOf(shown)).toBeGreaterThan(most);
        if (costOf(shown) <= Math.floor(length * 0.75)) expect(engine.grown).toHaveLength(grown);
        before = selected.messages;
        messages.push(assistant(words(answer)));
      }
    }),
    { numRuns: 200 },
  );
});

test("a document grows the context in one step, and one that is too large is rejected without growing it", async () => {
  const engine = new GrowingEngine(256, 4096);
  const context = new ContextWindow(engine, null);
  await expect(context.select([user(words(5000))])).rejects.toMatchObject({ code: "context-exceeded" });
  expect(engine.length).toBe(256);
  const document = [user(words(1500))];
  expect((await context.select(document)).messages).toEqual(document);
  expect(engine.length).toBe(2048);
  expect(engine.grown).toHaveLength(1);
});

test("an engine that was unloaded starts with the known size of the conversation", async () => {
  const engine = new GrowingEngine(256, 4096);
  const context = new ContextWindow(engine, "Be brief.");
  const messages = [user(words(300)), assistant(words(200)), user(words(400))];
  await context.select(messages);
  engine.length = 256;
  engine.isLoaded = false;
  const growContext = engine.growContext.bind(engine);
  const wasLoaded: boolean[] = [];
  engine.growContext = (tokens) => {
    wasLoaded.push(engine.isLoaded);
    return growContext(tokens);
  };
  await context.select([...messages, assistant("yes"), user("and now?")]);
  expect(wasLoaded).toEqual([false]);
});

test("no summary is written while the context can grow", async () => {
  const engine = new GrowingEngine(256, 512);
  const context = new ContextWindow(engine, null, { summarizes: true });
  const messages = [user(words(110))];
  await context.select(messages);
  messages.push(assistant(words(20)));
  expect(await context.summarize(messages, new AbortController().signal)).toBe(false);
  expect(engine.requests).toHaveLength(0);
  engine.isPaused = true;
  await context.summarize(messages, new AbortController().signal);
  expect(engine.requests).toHaveLength(1);
});
