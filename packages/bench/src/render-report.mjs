import { formatFigure } from "./format-figure.mjs";
import { judgeRow } from "./judge-row.mjs";
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
 * The whole report for a person, one table to a question.
 *
 * @param {readonly Row[]} rows
 * @param {readonly import("./budgets.mjs").Budget[]} budgets
 * @returns {string}
 */
export function renderReport(rows, budgets) {
  const groups = [...new Set(rows.map((row) => row.question))].map((question) => {
    const own = rows.filter((row) => row.question === question);
    return `${question}\n\n${renderTable(
      columns,
      own.map((row, at) => renderRow(row, own[at - 1], budgets)),
    )}\n`;
  });
  return groups.join("\n");
}

/**
 * What of the budgets is not met, a line each, and what could not be measured.
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
    return [`${fails ? "OVER, and that fails" : "over"}: ${budget.what}: ${figures}`];
  });
}

/**
 * @param {Row} row
 * @param {Row | undefined} previous
 * @param {readonly import("./budgets.mjs").Budget[]} budgets
 * @returns {string[]}
 */
function renderRow(row, previous, budgets) {
  const subject = row.subject === previous?.subject ? "" : row.subject;
  if (isFailed(row)) return [subject, "not measured, see below"];
  const format = (/** @type {number} */ value) => formatFigure(value, { signed: row.overBare });
  const verdict = judgeRow(row, budgets);
  return [
    subject,
    row.measure,
    format(row.minimum),
    format(row.median),
    row.unit,
    String(row.runs),
    verdict === null ? "" : formatFigure(verdict.budget.limit),
    [verdict === null ? "" : verdict.met ? "met" : "OVER", row.note ?? ""].filter(Boolean).join("; "),
  ];
}
