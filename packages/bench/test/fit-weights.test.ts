import fc from "fast-check";
import { expect, test } from "vitest";
import { fitWeights, shareRight } from "../src/choosing/fit-weights.mjs";

test("recovers the weights that generated the choices", () => {
  const random = fc.sample(
    fc.array(fc.tuple(fc.double({ min: -1, max: 1, noNaN: true }), fc.double({ min: -1, max: 1, noNaN: true })), {
      minLength: 4,
      maxLength: 4,
    }),
    150,
  );
  const choices = random.map((rows) => {
    const options = rows.map(([a, b]) => ({ a, b, noise: a * b }));
    const scores = options.map(({ a, b }) => 3 * a - 2 * b);
    return { options, truth: scores.indexOf(Math.max(...scores)) };
  });
  const weights = fitWeights(choices, ["a", "b", "noise"]);
  expect(shareRight(weights, choices)).toBeGreaterThan(0.95);
  expect(weights.a).toBeGreaterThan(0);
  expect(weights.b).toBeLessThan(0);
});
