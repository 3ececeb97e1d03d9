import { expect, test } from "vitest";
import { sumUsage } from "../../src/engines/sum-usage.js";

test("adds up every figure of all steps", () => {
  const one = { prompt_tokens: 10, completion_tokens: 2, cached_prompt_tokens: 4 };
  const two = { prompt_tokens: 20, completion_tokens: 3, cached_prompt_tokens: 15 };
  expect(sumUsage([one])).toEqual(one);
  expect(sumUsage([one, two, two])).toEqual({ prompt_tokens: 50, completion_tokens: 8, cached_prompt_tokens: 34 });
});

test("does not invent figures that a step did not report", () => {
  const known = { prompt_tokens: 10, completion_tokens: 2, cached_prompt_tokens: 4 };
  const { cached_prompt_tokens: _, ...uncached } = known;
  expect(sumUsage([known, uncached])).toEqual({ prompt_tokens: 20, completion_tokens: 4 });
  expect(sumUsage([known, null])).toBeNull();
  expect(sumUsage([null, known])).toBeNull();
  expect(sumUsage([])).toBeNull();
});

test("times add up as well, where every step has them", () => {
  const step = { prompt_tokens: 1, completion_tokens: 1, prompt_seconds: 0.5, completion_seconds: 2 };
  expect(sumUsage([step, step])).toMatchObject({ prompt_seconds: 1, completion_seconds: 4 });
  expect(sumUsage([step, { prompt_tokens: 1, completion_tokens: 1 }])).not.toHaveProperty("prompt_seconds");
});
