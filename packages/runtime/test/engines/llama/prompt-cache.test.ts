import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PromptCache, type TokenEvaluator } from "../../../src/engines/llama/prompt-cache.js";

/** A model that only notes what it was given; each token takes this long. */
class NotingEvaluator implements TokenEvaluator {
  tokens: number[] = [];
  slices: number[] = [];
  milliseconds = 0;
  canForgetParts = true;
  millisecondsPerToken = 0;

  async evaluate(position: number, tokens: readonly number[]): Promise<number> {
    expect(position).toBe(this.tokens.length);
    this.tokens.push(...tokens);
    this.slices.push(tokens.length);
    this.milliseconds += tokens.length * this.millisecondsPerToken;
    return this.tokens.length - 1;
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
/** Every character is a token of its own. */
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

  test("leaves the last token to be evaluated: the reply begins from its logits", async () => {
    const { model, cache } = newCache();
    await read(cache, [1, 2, 3]);
    expect(await read(cache, [1, 2, 3])).toBe(2);
    expect(await read(cache, [1, 2])).toBe(1);
    expect(model.tokens).toEqual([1, 2]);
    expect(cache.logitIndex).toBe(1);
  });

  test("is empty for a model that cannot forget a part", async () => {
    const { model, cache } = newCache({ canForgetParts: false });
    await read(cache, [1, 2, 3]);
    expect(await read(cache, [1, 2, 3, 4])).toBe(3);
    expect(await read(cache, [1, 2, 9])).toBe(0);
    expect(model.tokens).toEqual([1, 2, 9]);
  });
});

describe("prefill", () => {
  test("goes on in slices that take about 140 ms, in whole kernels of 8 tokens", async () => {
    const { model, cache } = newCache({ millisecondsPerToken: 4, batchTokens: 512 });
    await read(cache, numbers(100));
    expect(model.slices).toEqual([8, 32, 32, 28]);
  });

  test("takes no more than a batch at once, and at least a token", async () => {
    const fast = newCache({ millisecondsPerToken: 0.01, batchTokens: 16 });
    await read(fast.cache, numbers(40));
    expect(fast.model.slices).toEqual([8, 16, 16]);
    const slow = newCache({ millisecondsPerToken: 60 });
    await read(slow.cache, numbers(12));
    expect(slow.model.slices).toEqual([8, 2, 2]);
  });

  test("stops between two slices, and goes on from there", async () => {
    const { model, cache } = newCache({ millisecondsPerToken: 4 });
    const tokens = numbers(100);
    expect(await cache.prefill(tokens, () => model.tokens.length >= 40)).toBe("aborted");
    expect(cache.length).toBe(40);
    expect(await read(cache, tokens)).toBe(40);
    expect(model.tokens).toEqual(tokens);
  });
});

describe("tokens of a text", () => {
  test("are those of the cache as far as it goes on from the cache's text, and new ones behind that", async () => {
    const { cache } = newCache();
    await read(cache, tokenize("question"));
    cache.mark("question", cache.length);
    // The model said "ab" in one token, which its text would not be cut into.
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

  test("are those of the whole text where it begins otherwise", async () => {
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

  test("are forgotten with what is in the cache, and restored with it", async () => {
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

test("whatever conversations go through a cache, the model holds exactly the tokens of the last prompt", async () => {
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
