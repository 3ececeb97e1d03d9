import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PromptCache, type TokenEvaluator } from "../../../src/engines/llama/prompt-cache.js";

/** A model that records its input. Each token takes this long. */
class NotingEvaluator implements TokenEvaluator {
  tokens: number[] = [];
  slices: number[] = [];
  milliseconds = 0;
  canForgetParts = true;
  millisecondsPerToken = 0;
  /** Number of slices to evaluate before the speed is known. */
  unsureSlices = 0;

  get isUnsure(): boolean {
    return this.slices.length < this.unsureSlices;
  }

  async evaluate(position: number, tokens: readonly number[]): Promise<number> {
    expect(position).toBe(this.tokens.length);
    this.tokens.push(...tokens);
    this.slices.push(tokens.length);
    this.milliseconds += tokens.length * this.millisecondsPerToken;
    return this.tokens.length - 1;
  }

  async evaluateEach(position: number, tokens: readonly number[], from: number): Promise<number[]> {
    await this.evaluate(position, tokens);
    return tokens.slice(from).map((_, index) => position + from + index);
  }

  removeFrom(position: number): boolean {
    if (position > 0 && !this.canForgetParts) return false;
    this.tokens.length = position;
    return true;
  }
}

function newCache({ batchTokens = 64, ...settings }: Partial<NotingEvaluator> & { batchTokens?: number } = {}) {
  const model = Object.assign(new NotingEvaluator(), settings);
  return { model, cache: new PromptCache(model, { batchTokens, clock: () => model.milliseconds }) };
}

const never = () => false;
const numbers = (count: number) => Array.from({ length: count }, (_, index) => index);
/** Every character is one token. */
const tokenize = (text: string) => [...text].map((character) => character.charCodeAt(0));

async function read(cache: PromptCache, tokens: readonly number[]): Promise<number> {
  const kept = cache.keepCommonPrefix(tokens);
  expect(await cache.prefill(tokens, never)).toBe("done");
  return kept;
}

describe("the common prefix of two prompts", () => {
  test("stays, and only the rest is evaluated", async () => {
    const { model, cache } = newCache();
    await read(cache, [1, 2, 3, 4]);
    expect(await read(cache, [1, 2, 9, 9, 9])).toBe(2);
    expect(model.tokens).toEqual([1, 2, 9, 9, 9]);
    expect(cache.work).toBe(4 + 3);
  });

  test("leaves the last token to be evaluated, unless its logits exist", async () => {
    const { model, cache } = newCache();
    await read(cache, [1, 2, 3]);
    expect(await read(cache, [1, 2, 3])).toBe(3);
    expect(model.slices).toEqual([3]);
    expect(await read(cache, [1, 2])).toBe(1);
    expect(model.tokens).toEqual([1, 2]);
    expect(cache.logitIndex).toBe(1);
  });

  test("is empty for a model that cannot remove only a part", async () => {
    const { model, cache } = newCache({ canForgetParts: false });
    await read(cache, [1, 2, 3]);
    expect(await read(cache, [1, 2, 3, 4])).toBe(3);
    expect(await read(cache, [1, 2, 9])).toBe(0);
    expect(model.tokens).toEqual([1, 2, 9]);
  });
});

describe("prefill", () => {
  test.each([
    ["a fast model: as many tokens as 250 ms allow", 1, [16, 248, 136]],
    ["a slower one: 64 tokens, which suit the kernels", 10, [16, ...Array(6).fill(64)]],
    ["one that needs more than a second for those", 20, [16, ...Array(8).fill(48)]],
    ["a slow one: no slice takes longer than a second", 50, [16, ...Array(23).fill(16), 16]],
    ["a very slow one", 200, [16, ...Array(76).fill(5), 4]],
    ["one that needs more than a second per token", 1_500, [16, ...Array(384).fill(1)]],
  ])("uses slices that suit %s", async (_, millisecondsPerToken, slices) => {
    const { model, cache } = newCache({ millisecondsPerToken, batchTokens: 512 });
    await read(cache, numbers(400));
    expect(model.slices).toEqual(slices);
  });

  test("uses small slices while the number of threads is unknown", async () => {
    const { model, cache } = newCache({ millisecondsPerToken: 1, batchTokens: 512 });
    await read(cache, numbers(100));
    cache.forget();
    model.slices = [];
    model.unsureSlices = 2;
    await read(cache, numbers(400));
    expect(model.slices).toEqual([16, 16, 248, 120]);
  });

  test("evaluates at most a batch at once, without a small remainder", async () => {
    const slicesOf = async (tokens: number, batchTokens: number) => {
      const { model, cache } = newCache({ millisecondsPerToken: 0.01, batchTokens });
      await read(cache, numbers(tokens));
      return model.slices;
    };
    expect(await slicesOf(16 + 64 + 3, 64)).toEqual([16, 56, 11]);
    expect(await slicesOf(16 + 40 + 3, 64)).toEqual([16, 43]);
    expect(await slicesOf(20, 64)).toEqual([20]);
    expect(await slicesOf(20, 4)).toEqual([4, 4, 4, 4, 4]);
  });

  test("evaluates every token once, in slices within the batch and time limits, at any speed", () =>
    fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 2_000 }),
        fc.integer({ min: 1, max: 512 }),
        fc.double({ min: 0.01, max: 2_000, noNaN: true }),
        async (tokens, batchTokens, millisecondsPerToken) => {
          const { model, cache } = newCache({ millisecondsPerToken, batchTokens });
          await read(cache, numbers(tokens));
          expect(model.tokens).toEqual(numbers(tokens));
          const [, ...slices] = model.slices;
          for (const slice of slices) {
            expect(slice).toBeLessThanOrEqual(batchTokens);
            // A remainder smaller than a kernel batch may be added.
            expect(slice === 1 || (slice - 7) * millisecondsPerToken <= 1_000).toBe(true);
          }
          // Less than the kernels' size only if 64 tokens would take a second, and at the end.
          const least = Math.min(batchTokens, 64 * millisecondsPerToken > 1_000 ? 1 : 64);
          for (const slice of slices.slice(0, -2)) expect(slice).toBeGreaterThanOrEqual(least - (least % 8));
        },
      ),
    ));

  test("reports its progress before each slice but the first, including cached tokens", async () => {
    const { model, cache } = newCache({ millisecondsPerToken: 4 });
    await read(cache, numbers(16));
    const reported: number[] = [];
    const tokens = numbers(200);
    cache.keepCommonPrefix(tokens);
    await cache.prefill(tokens, never, (readTokens) => reported.push(readTokens));
    expect(model.slices.slice(1)).toEqual([64, 64, 56]);
    expect(reported).toEqual([80, 144]);
  });

  test("stops between two slices and can continue", async () => {
    const { model, cache } = newCache({ millisecondsPerToken: 4 });
    const tokens = numbers(100);
    expect(await cache.prefill(tokens, () => model.tokens.length >= 30)).toBe("aborted");
    expect(model.slices).toEqual([16, 64]);
    expect(await read(cache, tokens)).toBe(80);
    expect(model.tokens).toEqual(tokens);
  });
});

describe("tokens of a text", () => {
  test("are cached tokens for the cached part of the text, and new ones after it", async () => {
    const { cache } = newCache();
    await read(cache, tokenize("question"));
    cache.mark("question", cache.length);
    // The model wrote "ab" as one token, unlike the tokenizer.
    await cache.append([7777]);
    cache.mark("questionab", cache.length);
    const asked: string[] = [];
    const note = (rest: string) => {
      asked.push(rest);
      return tokenize(rest);
    };
    expect(cache.tokensOf("questionab!", note)).toEqual([...tokenize("question"), 7777, ...tokenize("!")]);
    expect(cache.tokensOf("questions", note)).toEqual(tokenize("questions"));
    expect(asked).toEqual(["!", "s"]);
  });

  test("are those of the whole text if it starts differently", async () => {
    const { cache } = newCache();
    await read(cache, tokenize("question"));
    cache.mark("question", cache.length);
    const whole: boolean[] = [];
    cache.tokensOf("answer", (rest, isWhole) => {
      whole.push(isWhole);
      return tokenize(rest);
    });
    expect(whole).toEqual([true]);
  });

  test("are removed and restored together with the cache", async () => {
    const { model, cache } = newCache();
    await read(cache, tokenize("question"));
    cache.mark("question", cache.length);
    const content = { ...cache.content, tokens: [...cache.content.tokens] };
    cache.forget();
    expect(cache.length).toBe(0);
    expect(model.tokens).toEqual([]);
    expect(cache.content).toEqual({ tokens: [], text: "", marks: [] });
    cache.restore(content);
    const rests: string[] = [];
    cache.tokensOf("question?", (rest) => {
      rests.push(rest);
      return tokenize(rest);
    });
    expect(rests).toEqual(["?"]);
  });
});

test("the newest tokens are those at the end", async () => {
  const { cache } = newCache();
  await read(cache, numbers(10));
  expect(cache.newest(3)).toEqual([7, 8, 9]);
});

test("after any conversations, the model holds exactly the tokens of the last prompt", async () => {
  const turn = fc.record({
    prompt: fc.string({ maxLength: 20 }),
    keeps: fc.nat(40),
    reply: fc.array(fc.integer({ min: 1000, max: 1010 }), { maxLength: 6 }),
    canForgetParts: fc.boolean(),
    millisecondsPerToken: fc.double({ min: 0, max: 200, noNaN: true }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(turn, { maxLength: 10 }), async (turns) => {
      const { model, cache } = newCache();
      let conversation = "";
      for (const { prompt, keeps, reply, ...settings } of turns) {
        Object.assign(model, settings);
        const text = `${conversation.slice(0, keeps)}${prompt}.`;
        const tokens = cache.tokensOf(text, tokenize);
        await read(cache, tokens);
        expect(model.tokens).toEqual(tokens);
        cache.mark(text, cache.length);
        let said = "";
        for (const token of reply) {
          await cache.append([token]);
          said += `<${token}>`;
        }
        cache.mark(text + said, cache.length);
        expect(model.tokens).toEqual([...tokens, ...reply]);
        conversation = text + said;
      }
    }),
  );
});
