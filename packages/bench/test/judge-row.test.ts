import { describe, expect, it } from "vitest";
import { type Budget, budgets } from "../src/budgets.mjs";
import { judgeRow } from "../src/judge-row.mjs";
import { failedRow, questions, reportRow } from "../src/report-row.mjs";

const budget = (kind: Budget["kind"], limit: number): Budget => ({
  figure: "size/runtime/bytes",
  what: "the runtime",
  limit,
  unit: "MB",
  kind,
  reason: "a test",
});

const row = (minimum: number, median: number) =>
  reportRow(
    ["size", "runtime", "bytes"],
    { subject: "runtime", measure: "bytes", unit: "MB" },
    { minimum, median, runs: 3 },
  );

describe("judgeRow", () => {
  it("meets a budget that is exactly used up", () => {
    expect(judgeRow(row(0.5, 0.5), [budget("bytes", 0.5)])).toMatchObject({ met: true, fails: false });
  });

  it("fails the run only for bytes", () => {
    expect(judgeRow(row(0.6, 0.6), [budget("bytes", 0.5)])).toMatchObject({ met: false, fails: true });
    expect(judgeRow(row(0.6, 0.6), [budget("time", 0.5)])).toMatchObject({ met: false, fails: false });
    expect(judgeRow(row(0.6, 0.6), [budget("memory", 0.5)])).toMatchObject({ met: false, fails: false });
  });

  it("judges time by its minimum, memory and ratios by their median", () => {
    const ratio = { ...row(1, 3), unit: "×" as const };
    expect(judgeRow(ratio, [{ ...budget("time", 2), unit: "×" }])).toMatchObject({ judged: 3, met: false });
    const time = { ...row(1, 3), unit: "ms" as const };
    expect(judgeRow(time, [{ ...budget("time", 2), unit: "ms" }])).toMatchObject({ judged: 1, met: true });
    expect(judgeRow(time, [{ ...budget("time", 2), unit: "ms", judgedBy: "median" }])).toMatchObject({ judged: 3 });
    expect(judgeRow(row(1, 3), [budget("memory", 2)])).toMatchObject({ judged: 3, met: false });
  });

  it("returns null for a row without a budget, and for a row that was not measured", () => {
    expect(judgeRow(row(1, 1), [])).toBeNull();
    expect(judgeRow(failedRow(["size", "runtime"], "runtime", new Error("no network")), budgets)).toBeNull();
  });

  it("refuses a budget in another unit", () => {
    expect(() => judgeRow(row(1, 1), [{ ...budget("bytes", 2), unit: "ms" }])).toThrow(TypeError);
  });
});

describe("budgets", () => {
  it("limit each figure once, with a reason", () => {
    expect(new Set(budgets.map(({ figure }) => figure)).size).toBe(budgets.length);
    for (const { figure, limit, reason } of budgets) {
      expect(figure).toMatch(/^[a-z-]+\/[a-z0-9.-]+\/[a-z-]+$/);
      expect(Object.keys(questions)).toContain(figure.split("/")[0]);
      expect(limit).toBeGreaterThan(0);
      expect(reason).not.toBe("");
    }
  });
});
