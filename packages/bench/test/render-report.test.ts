import { describe, expect, it } from "vitest";
import type { Budget } from "../src/budgets.mjs";
import { renderReport, renderShortfalls } from "../src/render-report.mjs";
import { failedRow, reportRow } from "../src/report-row.mjs";

const budgets: Budget[] = [
  { figure: "start/runtime/time", what: "import runtime", limit: 12, unit: "ms", kind: "time", reason: "a test" },
  { figure: "size/runtime/bytes", what: "install runtime", limit: 0.5, unit: "MB", kind: "bytes", reason: "a test" },
];

const rows = [
  reportRow(
    ["start", "runtime", "time"],
    { subject: "runtime", measure: "start", unit: "ms", overBare: true },
    { minimum: 14.2, median: 17.9, runs: 15 },
  ),
  reportRow(
    ["start", "runtime", "memory"],
    { subject: "runtime", measure: "peak RSS", unit: "MB", overBare: true, note: "young" },
    { minimum: 2.1, median: 2.2, runs: 5 },
  ),
  reportRow(
    ["size", "runtime", "bytes"],
    { subject: "runtime", measure: "bytes", unit: "MB" },
    { minimum: 0.2, median: 0.2, runs: 1 },
  ),
  failedRow(["size", "xsai"], "xsai", new Error("no such version")),
];

describe("renderReport", () => {
  it("groups rows by question, names a subject once, and shows whether its budgets are met", () => {
    expect(renderReport(rows, budgets).split("\n")).toEqual([
      "How long does a start take, and how much memory (minus bare `node -e 0`)?",
      "",
      "                   minimum  median      runs  budget",
      "───────  ────────  ───────  ──────  ──  ────  ──────  ──────",
      "runtime  start       +14.2   +17.9  ms    15      12  missed",
      "         peak RSS    +2.10   +2.20  MB     5          young",
      "",
      "How much is installed?",
      "",
      "                                  minimum  median      runs  budget",
      "───────  ───────────────────────  ───────  ──────  ──  ────  ──────  ───",
      "runtime  bytes                       0.20    0.20  MB     1    0.50  met",
      "xsai     not measured, see below",
      "",
    ]);
  });
});

describe("renderShortfalls", () => {
  it("names rows over their budget and rows that could not be measured", () => {
    expect(renderShortfalls(rows, budgets)).toEqual([
      "missed: import runtime: 14.2 ms, the budget is 12",
      "not measured: xsai: no such version",
    ]);
  });

  it("marks rows that make the run fail", () => {
    const large = reportRow(
      ["size", "runtime", "bytes"],
      { subject: "runtime", measure: "bytes", unit: "MB" },
      { minimum: 0.6, median: 0.6, runs: 1 },
    );
    expect(renderShortfalls([large], budgets)).toEqual([
      "OVER BUDGET, run fails: install runtime: 0.60 MB, the budget is 0.50",
    ]);
  });
});
