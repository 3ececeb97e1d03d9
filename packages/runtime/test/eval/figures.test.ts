import type { Scenario } from "@nanoagent/models";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ScenarioResult, TurnResult } from "../../src/eval/eval-result.js";
import type { Verdict } from "../../src/eval/judge-turn.js";
import { selectScenarios } from "../../src/eval/select-scenarios.js";
import { summarizeBy, summarizeEval, VERDICTS } from "../../src/eval/summarize-eval.js";
import { toJUnit } from "../../src/eval/to-junit.js";
import { wilsonInterval } from "../../src/eval/wilson-interval.js";
import { houseFile } from "./house-file.js";

describe("the Wilson interval", () => {
  test.each([
    [0, 10, 0, 0.278],
    [5, 10, 0.237, 0.763],
    [10, 10, 0.722, 1],
    [83, 100, 0.745, 0.891],
    [10, 45, 0.125, 0.363],
  ])("of %i of %i is %f to %f", (count, of, low, high) => {
    const share = wilsonInterval(count, of);
    expect(share.low).toBeCloseTo(low, 3);
    expect(share.high).toBeCloseTo(high, 3);
  });

  test("contains the share, stays within 0 and 1, is symmetric, and narrows with the count", () => {
    const counted = fc
      .integer({ min: 1, max: 5000 })
      .chain((of) => fc.tuple(fc.integer({ min: 0, max: of }), fc.constant(of)));
    fc.assert(
      fc.property(counted, ([count, of]) => {
        const { share, low, high } = wilsonInterval(count, of);
        const [begin, middle, end] = [low ?? -1, share ?? -1, high ?? -1];
        expect(begin).toBeGreaterThanOrEqual(0);
        expect(middle).toBeGreaterThanOrEqual(begin - 1e-12);
        expect(end).toBeGreaterThanOrEqual(middle - 1e-12);
        expect(end).toBeLessThanOrEqual(1);
        const mirrored = wilsonInterval(of - count, of);
        expect(mirrored.low).toBeCloseTo(1 - end, 9);
        const wider = wilsonInterval(count * 4, of * 4);
        expect((wider.high ?? 0) - (wider.low ?? 0)).toBeLessThan(end - begin);
      }),
    );
    expect(wilsonInterval(0, 0)).toEqual({ count: 0, of: 0, share: null, low: null, high: null });
  });
});

const turn = (verdict: Verdict, rest: Partial<TurnResult> = {}): TurnResult => ({
  say: "x",
  verdict,
  why: null,
  expects_call: verdict !== "needless",
  calls: [],
  reply: "",
  error: null,
  milliseconds: null,
  prompt_tokens: null,
  completion_tokens: null,
  deciding_tokens: null,
  ...rest,
});
const result = (verdict: Verdict, rest: Partial<ScenarioResult> = {}): ScenarioResult => ({
  file: "house",
  id: "one",
  groups: [],
  language: "en",
  part: null,
  run: 1,
  verdict,
  turns: [turn(verdict)],
  ...rest,
});

describe("a summary", () => {
  test("counts every result once in every division", () => {
    const anyResult = fc
      .record({
        verdict: fc.constantFrom(...VERDICTS),
        language: fc.constantFrom("en", "de"),
        file: fc.constantFrom("a", "b"),
      })
      .map(({ verdict, ...rest }) => result(verdict, { ...rest, groups: [rest.language === "en" ? "call" : "none"] }));
    fc.assert(
      fc.property(fc.array(anyResult), (results) => {
        const { right, verdicts } = summarizeEval(results);
        expect(Object.values(verdicts).reduce((sum, count) => sum + count, 0)).toBe(results.length);
        expect(right).toMatchObject({ count: verdicts.right, of: results.length });
        for (const division of ["group", "language", "file"] as const) {
          const parts = summarizeBy(division, results);
          expect(parts.reduce((sum, { summary }) => sum + summary.right.of, 0)).toBe(results.length);
          expect(parts.reduce((sum, { summary }) => sum + summary.right.count, 0)).toBe(right.count);
        }
      }),
    );
  });

  test("counts messages without expected calls, and calls, separately", () => {
    const call = { name: "a", arguments: {}, issue: null };
    const dialogue = result("needless", {
      turns: [
        turn("right", { calls: [call] }),
        turn("needless", { calls: [call] }),
        turn("right", { expects_call: false }),
        // An invalid call was also needless.
        turn("invalid", { expects_call: false, calls: [{ ...call, issue: "/x is missing" }] }),
        turn("missed", { error: "The engine failed." }),
      ],
    });
    expect(summarizeEval([dialogue])).toMatchObject({
      needless: { count: 2, of: 3 },
      missed: { count: 1, of: 2 },
      invalid_calls: { count: 1, of: 3 },
      failed_turns: 1,
      milliseconds: null,
    });
  });

  test("takes the median and the 95th percentile of the measured values", () => {
    const turns = Array.from({ length: 100 }, (_, index) => turn("right", { milliseconds: 100 - index }));
    const { milliseconds } = summarizeEval([result("right", { turns: [...turns, turn("right")] })]);
    expect(milliseconds).toEqual({ median: 50, p95: 95 });
  });
});

describe("a selection", () => {
  const scenarios = Array.from(
    { length: 60 },
    (_, index): Scenario => ({
      id: String(index),
      say: "x",
      groups: [index % 2 === 0 ? "call" : "none"],
      ...(index % 3 === 0 && { language: "de" }),
      part: index < 30 ? "training" : "development",
    }),
  );
  const ids = (filter: object) =>
    selectScenarios([houseFile(...scenarios)], filter).flatMap((file) => file.scenarios.map(({ id }) => Number(id)));

  test("has what its filter selects, and English by default", () => {
    expect(ids({ part: "training", group: "call", language: "de" })).toEqual([0, 6, 12, 18, 24]);
    expect(ids({ language: "en" })).toHaveLength(40);
    expect(ids({ group: "nothing" })).toEqual([]);
  });

  test("is limited evenly", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 80 }), (limit) => {
        const chosen = ids({ limit });
        expect(chosen).toHaveLength(Math.min(limit, 60));
        expect(new Set(chosen).size).toBe(chosen.length);
        const half = chosen.filter((id) => id < 30).length;
        expect(Math.abs(chosen.length - 2 * half)).toBeLessThanOrEqual(1);
      }),
    );
  });
});

test("JUnit XML is well-formed and counts every result, with any texts", () => {
  const texts = fc.string({ unit: "binary", maxLength: 30 });
  const anyResult = fc
    .tuple(fc.constantFrom(...VERDICTS), texts, texts, texts)
    .map(([verdict, id, say, reply]) => result(verdict, { id, turns: [turn(verdict, { say, reply, why: say })] }));
  fc.assert(
    fc.property(fc.array(anyResult), texts, (results, name) => {
      const xml = toJUnit([{ name, results, interrupted: false, failure: null }]);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: XML does not allow these
      expect(xml).not.toMatch(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/u);
      const open: string[] = [];
      const text = xml.replace(
        /<\?xml[^>]*\?>|<(\/?)(\w+)((?:\s[\w-]+="[^"<]*")*)(\/?)>/g,
        (_, end, tag, __, empty) => {
          if (end) expect(open.pop()).toBe(tag);
          else if (tag !== undefined && !empty) open.push(tag);
          return "";
        },
      );
      expect(open).toEqual([]);
      expect(text).not.toMatch(/[<>]|&(?!(?:amp|lt|gt|quot);)/);
      expect(xml.match(/<testcase /g) ?? []).toHaveLength(results.length);
      expect(xml.match(/<failure /g) ?? []).toHaveLength(results.filter(({ verdict }) => verdict !== "right").length);
    }),
  );
});
