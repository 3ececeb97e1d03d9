import { formatFigure } from "./format-figure.mjs";
import { judgedOf, judgeRow } from "./judge-row.mjs";
import { renderTable } from "./render-table.mjs";
import { isFailed } from "./report-row.mjs";

/** @typedef {import("./report-row.mjs").Row} Row */

/** @type {import("./render-table.mjs").Column[]} */
const columns = [
  { title: "", align: "left" },
  { title: "", align: "left" },
  { title: "minimum", align: "right" },
  { title: "median", align: "right" },
  { title: "", align: "left" },
  { title: "runs", align: "right" },
  { title: "budget", align: "right" },
  { title: "", align: "left" },
];

/**
 * Renders the report as text, one table per question.
 *
 * @param {readonly Row[]} rows
 * @param {readonly import("./budgets.mjs").Budget[]} budgets
 * @param {readonly import("./comparisons.mjs").Loss[]} [losses]
 * @returns {string}
 */
export function renderReport(rows, budgets, losses = []) {
  const groups = [...new Set(rows.map((row) => row.question))].map((question) => {
    const own = rows.filter((row) => row.question === question);
    return `${question}\n\n${renderTable(
      columns,
      own.map((row, at) => renderRow(row, own[at - 1], budgets, losses)),
    )}\n`;
  });
  return groups.join("\n");
}

/**
 * Returns a line for each budget that is not met, and for each row that could not be measured.
 *
 * @param {readonly Row[]} rows
 * @param {readonly import("./budgets.mjs").Budget[]} budgets
 * @returns {string[]}
 */
export function renderShortfalls(rows, budgets) {
  return rows.flatMap((row) => {
    if (isFailed(row)) return [`not measured: ${row.subject}: ${row.failure}`];
    const verdict = judgeRow(row, budgets);
    if (verdict === null || verdict.met) return [];
    const { budget, judged, fails } = verdict;
    const figures = `${formatFigure(judged)} ${budget.unit}, the budget is ${formatFigure(budget.limit)}`;
    return [
      `${fails ? "OVER BUDGET, run fails" : budget.rival === undefined ? "missed" : `lost to ${budget.rival}`}: ${budget.what}: ${figures}`,
    ];
  });
}

/** Returns a line for each figure in which peers are better. @param {readonly import("./comparisons.mjs").Loss[]} losses @returns {string[]} */
export function renderLosses(losses) {
  return losses.map(({ row, better }) => {
    const words = (/** @type {import("./report-row.mjs").ReportRow} */ one) =>
      `${one.subject} ${formatFigure(judgedOf(one), { signed: one.overBare })}`;
    return `lost: ${row.subject}, ${row.measure}: ${formatFigure(judgedOf(row), { signed: row.overBare })} ${row.unit}, ${better.map(words).join(", ")}`;
  });
}

/**
 * @param {Row} row
 * @param {Row | undefined} previous
 * @param {readonly import("./budgets.mjs").Budget[]} budgets
 * @param {readonly import("./comparisons.mjs").Loss[]} losses
 * @returns {string[]}
 */
function renderRow(row, previous, budgets, losses) {
  const subject = row.subject === previous?.subject ? "" : row.subject;
  if (isFailed(row)) return [subject, "not measured, see below"];
  const format = (/** @type {number} */ value) => formatFigure(value, { signed: row.overBare });
  const verdict = judgeRow(row, budgets);
  const better = losses.find((loss) => loss.row === row)?.better ?? [];
  const lost = better.length === 0 ? "" : `lost to ${better.map((other) => other.subject).join(", ")}`;
  return [
    subject,
    row.measure,
    format(row.minimum),
    format(row.median),
    row.unit,
    String(row.runs),
    verdict === null ? "" : formatFigure(verdict.budget.limit),
    [verdict?.word ?? "", lost, row.note ?? ""].filter(Boolean).join("; "),
  ];
}
