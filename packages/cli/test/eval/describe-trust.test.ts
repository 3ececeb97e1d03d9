import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { describeTrust, nearestFigure } from "../../src/eval/describe-trust.js";
import { type KnownFigure, knownFigures } from "../../src/eval/known-figures.js";

const figure = (parts: Partial<KnownFigure>): KnownFigure => ({
  model: "a",
  parameterCount: 1e9,
  kind: "general",
  rightPercent: 80,
  needlessPercent: 2,
  basis: "measured",
  source: "tests",
  ...parts,
});

describe("the nearest figure", () => {
  test("is that of the model itself, for every row of the table", () => {
    for (const row of knownFigures) {
      const found = nearestFigure(row.parameterCount, row.kind);
      expect(found?.parameterCount).toBe(row.parameterCount);
      expect(found?.rightPercent).toBeLessThanOrEqual(row.rightPercent);
    }
  });

  test("is the nearest one by size and kind", () => {
    const figures = fc.array(
      fc.record({ size: fc.integer({ min: 5, max: 200 }), kind: fc.constantFrom("general" as const, "code" as const) }),
    );
    fc.assert(
      fc.property(figures, fc.integer({ min: 5, max: 200 }), (rows, size) => {
        const all = rows.map((row) => figure({ parameterCount: row.size * 1e8, kind: row.kind }));
        const found = nearestFigure(size * 1e8, "code", all);
        const distance = (one: KnownFigure) => Math.abs(Math.log(one.parameterCount / (size * 1e8)));
        const rivals = all.filter(({ kind }) => kind === "code" || found?.kind === "general");
        if (found === null) expect(all.every((one) => distance(one) > Math.log(2.4))).toBe(true);
        else for (const one of rivals) expect(distance(one)).toBeGreaterThanOrEqual(distance(found) - 1e-9);
      }),
    );
  });

  test("prefers the same kind for similar sizes", () => {
    const rows = [figure({ model: "g" }), figure({ model: "c", kind: "code", parameterCount: 1.2e9 })];
    expect(nearestFigure(1e9, "code", rows)?.model).toBe("c");
    expect(nearestFigure(1e9, "general", rows)?.model).toBe("g");
  });
});

test.each<[name: string | null, parameters: number | null, text: string | null]>([
  [
    "SmolLM3",
    2.9e9,
    "Models of this size did the right thing after 82 of 100 plain sentences (Ministral-3-3B, 3B; published: home-assistant-datasets, assist-mini, 196 runs). Give it few tools, and use intents for everything important.",
  ],
  [null, 12.2e9, "Use intents for everything that must never go wrong."],
  ["Huge", 400e9, "No figures for models of this size (400B). nanoagent eval --model FILE measures"],
  ["Nothing", null, null],
])("%s with %d parameters", (name, parameter_count, text) => {
  const said = describeTrust({ name, parameter_count });
  if (text === null) expect(said).toBeNull();
  else expect(said).toContain(text);
});

test("needless calls are reported if they were counted", () => {
  expect(describeTrust({ name: "a", parameter_count: 135e6 }, [figure({ parameterCount: 134.5e6 })])).toContain(
    "after 80 of 100 plain sentences, and called a tool after 2 of 100 that need none (a, 135M; measured: tests)",
  );
});
