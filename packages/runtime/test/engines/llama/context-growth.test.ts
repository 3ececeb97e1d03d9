import fc from "fast-check";
import { expect, test } from "vitest";
import { ContextGrowth, type GrowingEngine } from "../../../src/engines/llama/context-growth.js";

const MINUTE = 60_000;

/** An engine without a model that starts with the wanted context, as far as memory allows. */
class PretendedEngine implements GrowingEngine {
  readonly growth: ContextGrowth;
  now = 0;
  admitted: number;
  /** Context of the next start if memory disappears after admission. Null: the admitted context. */
  surprise: number | "failure" | null = null;
  reopened = 0;
  asked = 0;
  contextTokens: number;
  readonly baseTokens = 4096;
  readonly longestTokens: number;

  constructor({ longestTokens = 32_768 }: { longestTokens?: number } = {}) {
    this.longestTokens = longestTokens;
    this.admitted = longestTokens;
    this.contextTokens = Math.min(this.baseTokens, longestTokens);
    this.growth = new ContextGrowth(() => this.now);
  }

  start(): void {
    const wanted = this.growth.wantedTokens ?? this.baseTokens;
    this.contextTokens = Math.min(wanted, this.longestTokens, this.admitted);
  }

  async admits(tokens: number): Promise<number> {
    this.asked += 1;
    return Math.min(tokens, this.admitted);
  }

  async reopen(): Promise<void> {
    this.reopened += 1;
    if (this.surprise === "failure") throw new Error("no memory");
    this.start();
    if (this.surprise !== null) this.contextTokens = Math.min(this.contextTokens, this.surprise);
  }

  grow(neededTokens: number) {
    return this.growth.grow(neededTokens, this);
  }
}

const tokens = fc.integer({ min: 256, max: 70_000 });
type Happening =
  | { what: "need"; tokens: number }
  | { what: "memory"; tokens: number }
  | { what: "surprise"; tokens: number | "failure" | null }
  | { what: "wait"; minutes: number }
  | { what: "cut" }
  | { what: "idle" };
const happening = fc.oneof<fc.Arbitrary<Happening>[]>(
  fc.record({ what: fc.constant("need" as const), tokens }),
  fc.record({ what: fc.constant("memory" as const), tokens }),
  fc.record({
    what: fc.constant("surprise" as const),
    tokens: fc.oneof(tokens, fc.constantFrom(null, "failure" as const)),
  }),
  fc.record({ what: fc.constant("wait" as const), minutes: fc.integer({ min: 1, max: 10_000 }) }),
  fc.record({ what: fc.constant("cut" as const) }),
  fc.record({ what: fc.constant("idle" as const) }),
);

test("a context always has the length that conversations need, as far as memory allows", async () => {
  await fc.assert(
    fc.asyncProperty(tokens, fc.array(happening, { maxLength: 40 }), async (longestTokens, happenings) => {
      const engine = new PretendedEngine({ longestTokens });
      for (const event of happenings) {
        if (event.what === "memory") engine.admitted = event.tokens;
        else if (event.what === "surprise") engine.surprise = event.tokens;
        else if (event.what === "wait") engine.now += event.minutes * MINUTE;
        else if (event.what === "idle") {
          engine.growth.forget();
          engine.start();
          expect(engine.contextTokens).toBeLessThanOrEqual(engine.baseTokens);
        } else if (event.what === "cut") {
          engine.growth.cut(Math.max(256, Math.floor(engine.contextTokens / 2)));
          engine.start();
        } else {
          const { contextTokens: before, reopened, growth } = engine;
          const isOpen = growth.isOpen;
          const wanted = growth.wantedTokens;
          const grown = await engine.grow(event.tokens);
          const { contextTokens: after } = engine;
          expect(after).toBeLessThanOrEqual(longestTokens);
          expect(grown).toEqual(after > before ? { context_tokens: after, previous_tokens: before } : null);
          const possible = Math.min(engine.admitted, longestTokens);
          const isWorthIt = isOpen && event.tokens > before && possible > before;
          // The model is only reloaded if memory allows a longer context and a conversation needs it.
          expect(engine.reopened - reopened).toBe(isWorthIt ? 1 : 0);
          if (isWorthIt && engine.surprise === null)
            expect(after).toBeGreaterThanOrEqual(Math.min(event.tokens, possible));
          // A failure does not affect the next start.
          if (grown === null) expect(growth.wantedTokens).toBe(wanted);
        }
      }
    }),
    { numRuns: 300 },
  );
});

test("a context doubles, up to the maximum", async () => {
  const engine = new PretendedEngine({ longestTokens: 20_000 });
  const lengths: number[] = [];
  for (let needed = 4000; needed < 30_000; needed += 500) {
    await engine.grow(needed);
    if (lengths.at(-1) !== engine.contextTokens) lengths.push(engine.contextTokens);
  }
  expect(lengths).toEqual([4096, 8192, 16_384, 20_000]);
  expect(engine.reopened).toBe(3);
});

test("a long document grows the context in one step", async () => {
  const engine = new PretendedEngine();
  expect(await engine.grow(15_000)).toEqual({ context_tokens: 16_384, previous_tokens: 4096 });
  expect(engine.reopened).toBe(1);
});

test("in a year of cuts or refusals, growth is tried about two dozen times", async () => {
  for (const ending of ["cut", "refusal", "failure", "idle and cut"] as const) {
    const engine = new PretendedEngine();
    if (ending === "refusal") engine.admitted = 4096;
    if (ending === "failure") engine.surprise = "failure";
    for (let minute = 0; minute < 365 * 24 * 60; minute += 5) {
      engine.now = minute * MINUTE;
      if (ending === "idle and cut") engine.growth.forget();
      if ((await engine.grow(8000)) === null) continue;
      engine.growth.cut(4096);
      engine.start();
    }
    expect(engine.asked, ending).toBeGreaterThan(1);
    expect(engine.asked, ending).toBeLessThanOrEqual(26);
    expect(engine.reopened, ending).toBe(ending === "refusal" ? 0 : engine.asked);
  }
});

test("simultaneous growths run one at a time", async () => {
  const engine = new PretendedEngine();
  const grown = await Promise.all([engine.grow(5000), engine.grow(6000), engine.grow(9000)]);
  expect(grown).toEqual([
    { context_tokens: 8192, previous_tokens: 4096 },
    null,
    { context_tokens: 16_384, previous_tokens: 8192 },
  ]);
});
