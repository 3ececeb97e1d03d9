import fc from "fast-check";
import { expect, test } from "vitest";
import { adviseOnContext, neededContext, requestBudget, wholeContext } from "../../src/context/context-budget.js";

test("a recommended context fits the request, and does not exceed the trained one", () => {
  const request = fc.record({
    fixedTokens: fc.nat({ max: 20_000 }),
    message: fc.option(fc.nat({ max: 20_000 }), { nil: undefined }),
    contextTokens: fc.integer({ min: 1, max: 20_000 }),
    trainedTokens: fc.oneof(fc.constant(null), fc.integer({ min: 1, max: 40_000 })),
  });
  fc.assert(
    fc.property(request, ({ fixedTokens, message, contextTokens, trainedTokens }) => {
      const budget = requestBudget(wholeContext(contextTokens));
      const neededTokens = message === undefined ? undefined : fixedTokens + message;
      const advice = adviseOnContext({ fixedTokens, neededTokens, budget, trainedTokens });
      expect(advice.startsWith("Shorten the instructions")).toBe(fixedTokens > budget / 2);
      const [, advised] = /set engine\.context to (\d+) or more/.exec(advice) ?? [];
      if (advised === undefined) {
        expect(advice).toMatch(trainedTokens === null ? /a larger context/ : /more than \d+ tokens/);
        return;
      }
      expect(Number(advised)).toBeLessThanOrEqual(trainedTokens ?? 0);
      expect(requestBudget(Number(advised))).toBeGreaterThanOrEqual(neededTokens ?? fixedTokens + 1);
    }),
  );
});

// Counted with the tokenizer of Qwen2.5. That of SmolLM2 gives the same counts for the first two.
test.each([
  ["words", "The pump of the greenhouse runs every morning before the sun rises over the hills. ".repeat(60), 961],
  ["digits", "Line 21 of report 7 says that pump 147 ran for 273 minutes. ".repeat(60), 1381],
  ["another alphabet", "Насос работает каждое утро, пока солнце не встало. ".repeat(60), 1081],
  ["Chinese", "水泵每天早上在太阳升起之前工作。".repeat(60), 540],
])("instructions of %s get a context that fits them", (_, instructions, tokens) => {
  expect(requestBudget(neededContext({ instructions, tools: [] }))).toBeGreaterThan(tokens);
});
