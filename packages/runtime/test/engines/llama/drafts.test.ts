import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { alwaysDrafts, beginReply } from "./drafting-model.js";
import { seededRandom } from "./grammar/seeded-random.js";

const VOCABULARY = 5;
const distributions = fc.array(
  fc.array(fc.integer({ min: 0, max: 20 }), { minLength: VOCABULARY, maxLength: VOCABULARY }),
  {
    minLength: VOCABULARY,
    maxLength: VOCABULARY,
  },
);

/** Samples a token by the weights of the tokens that may follow the last one. */
function choose(weights: readonly number[], random: () => number): number {
  const sum = weights.reduce((one, other) => one + other + 1, 0);
  let left = random() * sum;
  return Math.max(
    0,
    weights.findIndex((weight) => {
      left -= weight + 1;
      return left < 0;
    }),
  );
}

describe("a reply with drafts", () => {
  const prompt = [0, 1, 2, 3, 0, 1, 2, 4, 3, 0, 1];

  test.each([true, false])(
    "equals plain decoding with the same random numbers (can forget: %s)",
    async (canForgetParts) => {
      let drafted = 0;
      await fc.assert(
        fc.asyncProperty(distributions, fc.nat(), fc.nat({ max: 40 }), async (weights, seed, length) => {
          const write = async (payoff: typeof alwaysDrafts) => {
            const random = seededRandom(seed);
            const { model, cache, accept, end } = await beginReply(prompt, { canForgetParts }, payoff);
            const written: number[] = [];
            for (let left = length; left > 0; left--) {
              // The logits must belong to the last token.
              const last = model.tokens[cache.logitIndex] ?? 0;
              expect(last).toBe(written.at(-1) ?? prompt.at(-1));
              const token = choose(weights[last] ?? [], random);
              written.push(token);
              await accept(token, left - 1);
              expect(model.tokens.length).toBeLessThanOrEqual(prompt.length + length);
            }
            end();
            expect(cache.content.tokens).toEqual([...prompt, ...written]);
            expect(model.tokens).toEqual([...prompt, ...written]);
            return { written, batches: model.batches };
          };
          const plain = await write({ ...alwaysDrafts, draftTokens: () => 0 });
          const several = await write(alwaysDrafts);
          expect(several.written).toEqual(plain.written);
          expect(plain.batches.every((size) => size === 1)).toBe(true);
          drafted += several.batches.filter((size) => size > 1).length;
        }),
      );
      if (canForgetParts) expect(drafted).toBeGreaterThan(0);
      // A model that cannot forget never gets a token that may be wrong.
      else expect(drafted).toBe(0);
    },
  );

  test("evaluates forced tokens in one batch, and keeps those that it cannot forget", async () => {
    for (const canForgetParts of [true, false]) {
      const { model, cache, drafts, end } = await beginReply(prompt, { canForgetParts }, alwaysDrafts);
      await drafts.evaluateForced(7, [8, 9, 10]);
      expect(model.batches).toEqual([4]);
      expect([8, 9].map((token) => drafts.take(token))).toEqual([true, true]);
      expect(cache.length).toBe(prompt.length + 3);
      end();
      expect(cache.content.tokens).toEqual(canForgetParts ? [...prompt, 7, 8, 9] : [...prompt, 7, 8, 9, 10]);
      expect(model.tokens).toEqual(cache.content.tokens);
    }
  });
});

/** Times of batches of 1, 4, 8 and 16 tokens, relative to a single token, with linear interpolation between them. */
const devices: Record<string, readonly (readonly [number, number])[]> = {
  "a board with slow memory": [
    [1, 1],
    [4, 1.35],
    [8, 1.8],
    [16, 2.9],
  ],
  "a processor that gains from eight": [
    [1, 1],
    [2, 3.3],
    [4, 4],
    [8, 5],
    [16, 8.3],
  ],
  "a processor that gains nothing": [
    [1, 1],
    [2, 2.5],
    [4, 4],
    [8, 6.8],
    [16, 12.8],
  ],
};

function costOn(points: readonly (readonly [number, number])[], tokens: number): number {
  const after = points.findIndex(([size]) => size >= tokens);
  const [size, cost] = points[after] ?? points.at(-1) ?? [1, 1];
  const [before, least] = points[after - 1] ?? [1, 1];
  if (after < 0) return (cost * tokens) / size;
  return size === before ? cost : least + ((cost - least) * (tokens - before)) / (size - before);
}

/** Replies of different kinds to a prompt of random words, some of which are frequent. */
const kinds: Record<string, (prompt: readonly number[], random: () => number) => number[]> = {
  quoting: (prompt) => [...prompt],
  summary: (prompt, random) =>
    Array.from({ length: 40 }, () => {
      const at = Math.floor(random() * prompt.length);
      return [...prompt.slice(at, at + 1 + Math.floor(random() * 6)), word(random)];
    }).flat(),
  editing: (prompt, random) => prompt.map((token) => (random() < 0.06 ? word(random) : token)),
  record: (_, random) => Array.from({ length: 30 }, () => [1, 2, word(random), word(random), 3, 4]).flat(),
  chat: (_, random) => Array.from({ length: 200 }, () => word(random)),
};

function word(random: () => number): number {
  return Math.floor(10 * 80 ** random());
}

async function speedOf(
  kind: string,
  costs: (token: number) => (size: number) => number,
  seed: number,
): Promise<number> {
  const random = seededRandom(seed);
  const prompt = Array.from({ length: 200 }, () => word(random));
  const reply = kinds[kind]?.(prompt, random) ?? [];
  const { model, cache, accept, end } = await beginReply(prompt);
  let plain = 0;
  for (const [index, token] of reply.entries()) {
    model.cost = (size) => 20 * costs(index)(size) * (0.9 + 0.2 * random());
    plain += 20 * costs(index)(1);
    await accept(token, reply.length - index - 1);
  }
  end();
  expect(cache.content.tokens).toEqual([...prompt, ...reply]);
  return plain / model.milliseconds;
}

describe.each(Object.entries(devices))("on %s", (_, points) => {
  test.each(Object.keys(kinds))("%s reaches at least 0.97 times the speed of plain decoding", async (kind) => {
    const speeds = [];
    for (let seed = 1; seed <= 15; seed++) speeds.push(await speedOf(kind, () => (size) => costOn(points, size), seed));
    speeds.sort((one, other) => one - other);
    expect(speeds[speeds.length >> 1]).toBeGreaterThan(0.97);
    expect(speeds[0]).toBeGreaterThan(0.93);
  });
});

test("quoting is at least 2.5 times as fast with cheap rows, and 1.3 times if only large batches pay off", async () => {
  const [slow = [], large = []] = Object.values(devices);
  expect(await speedOf("quoting", () => (size) => costOn(slow, size), 1)).toBeGreaterThan(2.5);
  expect(await speedOf("quoting", () => (size) => costOn(large, size), 1)).toBeGreaterThan(1.3);
});

test.each(Object.keys(kinds))("%s is not slower if the cost of a row changes within the reply", async (kind) => {
  const [slow = [], , fast = []] = Object.values(devices);
  const changing = (token: number) => (size: number) => costOn(token < 60 ? slow : fast, size) * (token < 60 ? 3 : 1);
  expect(await speedOf(kind, changing, 3)).toBeGreaterThan(0.97);
});

test.each(Object.entries(devices))(
  "on %s, an engine that switches between kinds is not slower in any",
  async (_, points) => {
    const speeds = new Map<string, number[]>();
    for (let seed = 1; seed <= 10; seed++) {
      const random = seededRandom(seed);
      const { model, cache, drafts, accept, end } = await beginReply([0]);
      model.cost = (size) => 20 * costOn(points, size) * (0.9 + 0.2 * random());
      for (const [kind, replyTo] of [...Object.entries(kinds), ...Object.entries(kinds)].reverse()) {
        const prompt = Array.from({ length: 200 }, () => word(random));
        const reply = replyTo(prompt, random);
        cache.keepCommonPrefix(prompt);
        await cache.prefill(prompt, () => false);
        drafts.begin(cache.content.tokens);
        model.milliseconds = 0;
        for (const [index, token] of reply.entries()) await accept(token, reply.length - index - 1);
        end();
        speeds.set(kind, [...(speeds.get(kind) ?? []), (20 * reply.length) / model.milliseconds]);
      }
    }
    for (const [kind, all] of speeds) {
      all.sort((one, other) => one - other);
      expect(all[all.length >> 1], kind).toBeGreaterThan(0.97);
    }
  },
);
