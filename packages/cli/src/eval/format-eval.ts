import {
  type EvalResult,
  type EvalSummary,
  type Quantiles,
  type Share,
  summarizeBy,
  summarizeEval,
} from "@nanoagent/runtime/eval";
import { plainLine } from "../output/plain-text.js";

type Row = [label: string, ...cells: string[]];

const NOT_KNOWN = "–";

/** Formats the report's table: a column per engine, with figures for all scenarios and by group, language and file. */
export function formatEval(evals: readonly EvalResult[]): string {
  const summaries = evals.map(({ results }) => summarizeEval(results));
  const row = (label: string, cell: (summary: EvalSummary) => string): Row => [label, ...summaries.map(cell)];
  const optional = (
    label: string,
    isThere: (summary: EvalSummary) => boolean,
    cell: (summary: EvalSummary) => string,
  ) => (summaries.some(isThere) ? [row(label, cell)] : []);
  const rows: Row[] = [
    ["", ...evals.map(({ name }) => plainLine(name))],
    row("scenarios", ({ right }) => String(right.of)),
    row("right", ({ right }) => percentOf(right)),
    row("  95 % interval", ({ right }) => intervalOf(right)),
    row("wrong", ({ verdicts }) => String(verdicts.wrong)),
    row("missed", ({ verdicts }) => String(verdicts.missed)),
    row("needless", ({ verdicts }) => String(verdicts.needless)),
    row("invalid", ({ verdicts }) => String(verdicts.invalid)),
    row("needless calls, of messages that need none", ({ needless }) => countedOf(needless)),
    row("calls that break their schema", ({ invalid_calls }) => countedOf(invalid_calls)),
    ...optional(
      "turns that failed",
      (one) => one.failed_turns > 0,
      (one) => String(one.failed_turns),
    ),
    row("seconds per turn: median, 95th percentile", ({ milliseconds }) => quantilesOf(milliseconds, seconds)),
    row("tokens read, likewise", ({ prompt_tokens }) => quantilesOf(prompt_tokens, String)),
    row("tokens written, likewise", ({ completion_tokens }) => quantilesOf(completion_tokens, String)),
    ...optional(
      "tokens evaluated to decide, likewise",
      (one) => one.deciding_tokens !== null,
      (one) => quantilesOf(one.deciding_tokens, String),
    ),
    ...divided("right by group", "group", evals),
    ...divided("right by language", "language", evals),
    ...divided("right by file", "file", evals),
  ];
  return alignRows(rows);
}

/** Lists the scenarios that were not right, engine by engine. */
export function formatWrong(evals: readonly EvalResult[]): string {
  return evals
    .map(({ name, results }) => {
      const wrong = results.filter(({ verdict }) => verdict !== "right");
      const lines = wrong.flatMap(({ file, id, run, turns, verdict }) => {
        const head = `${verdict.padEnd(8)}  ${file}: ${id}${run === 1 ? "" : ` (run ${run})`}`;
        const turn = turns.find((one) => one.verdict !== "right");
        return [head, `  said: ${turn?.say ?? ""}`, `  why: ${turn?.why ?? ""}`, `  reply: ${turn?.reply ?? ""}`];
      });
      return [`${name}: ${wrong.length} of ${results.length} not right`, ...lines].map(plainLine).join("\n");
    })
    .join("\n\n");
}

/** Returns a section with a row per group, language or file; empty if there is only one. */
function divided(title: string, division: Parameters<typeof summarizeBy>[0], evals: readonly EvalResult[]): Row[] {
  const columns = evals.map(
    ({ results }) => new Map(summarizeBy(division, results).map((part) => [part.name, part.summary])),
  );
  const names = [...new Set(columns.flatMap((column) => [...column.keys()]))].sort();
  if (names.length < 2) return [];
  const rows = names.map(
    (name): Row => [
      `  ${plainLine(name)}`,
      ...columns.map((column) => {
        const right = column.get(name)?.right;
        return right === undefined ? NOT_KNOWN : `${percentOf(right)} of ${right.of}`;
      }),
    ],
  );
  return [[""], [title], ...rows];
}

function percentOf({ share }: Share): string {
  return share === null ? NOT_KNOWN : `${(100 * share).toFixed(1)} %`;
}

function intervalOf({ low, high }: Share): string {
  return low === null || high === null ? NOT_KNOWN : `${(100 * low).toFixed(0)} to ${(100 * high).toFixed(0)} %`;
}

function countedOf(share: Share): string {
  return share.of === 0 ? NOT_KNOWN : `${share.count} of ${share.of} (${percentOf(share)})`;
}

function quantilesOf(quantiles: Quantiles | null, format: (value: number) => string): string {
  return quantiles === null ? NOT_KNOWN : `${format(quantiles.median)}, ${format(quantiles.p95)}`;
}

function seconds(milliseconds: number): string {
  return (milliseconds / 1000).toFixed(milliseconds < 995 ? 2 : 1);
}

/** Aligns labels to the left, and cells to the right of their columns. */
function alignRows(rows: readonly Row[]): string {
  const columns = Math.max(...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, at) => Math.max(...rows.map((row) => (row[at] ?? "").length)));
  const line = (row: Row) =>
    row.map((cell, at) => (at === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[at] ?? 0))).join("   ");
  return `${rows.map((row) => line(row).trimEnd()).join("\n")}\n`;
}
