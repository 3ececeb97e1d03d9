import { describe, expect, it } from "vitest";
import { findLosses } from "../src/comparisons.mjs";
import { renderLosses, renderReport } from "../src/render-report.mjs";
import { failedRow, reportRow } from "../src/report-row.mjs";

const turn = (name: string, minimum: number) =>
  reportRow(["turn", name, "time"], { subject: name, measure: "a turn", unit: "µs" }, { minimum, median: 50, runs: 3 });

const session = (name: string, seconds: number, note?: string) => [
  reportRow(
    ["session", name, "turns"],
    { subject: name, measure: "turns", unit: "turns", note },
    { minimum: 1, median: 1, runs: 1 },
  ),
  reportRow(
    ["session", name, "time"],
    { subject: name, measure: "time", unit: "s" },
    { minimum: seconds, median: seconds, runs: 1 },
  ),
];

const peers = ["quick", "slow"];

describe("findLosses", () => {
  it("names every better peer, by the statistic that budgets use", () => {
    const rows = [turn("nanoagent-mock", 20), turn("quick", 10), turn("slow", 30)];
    expect(findLosses(rows, peers)).toEqual([{ row: rows[0], better: [rows[1]] }]);
    expect(findLosses([turn("nanoagent-mock", 5), ...rows.slice(1)], peers)).toEqual([]);
  });

  it("ignores rows that were not measured, and sessions that were cut short", () => {
    const broken = failedRow(["turn", "quick"], "quick", new Error("no network"));
    expect(findLosses([turn("nanoagent-mock", 20), broken], peers)).toEqual([]);
    expect(findLosses([...session("nanoagent-mock", 5), ...session("quick", 2, "stopped")], peers)).toEqual([]);
    expect(findLosses([...session("nanoagent-mock", 5), ...session("quick", 2)], peers)).toHaveLength(1);
  });

  it("appear in the table and below it", () => {
    const rows = [turn("nanoagent-mock", 20), turn("quick", 10)];
    const losses = findLosses(rows, peers);
    expect(renderReport(rows, [], losses)).toMatch(/^nanoagent-mock .* lost to quick$/m);
    expect(renderLosses(losses)).toEqual(["lost: nanoagent-mock, a turn: 20 µs, quick 10"]);
  });
});
