import { isFailed } from "./report-row.mjs";

/** @type {ReadonlySet<import("./report-row.mjs").Unit>} */
const timeUnits = new Set(/** @type {const} */ (["ms", "µs", "s", "%"]));

/**
 * @typedef {object} Verdict
 * @property {import("./budgets.mjs").Budget} budget
 * @property {number} judged statistic that is compared with the limit
 * @property {boolean} met
 * @property {"met" | "missed" | "lost"} word lost: the limit is the figure of a rival
 * @property {boolean} fails whether the run fails
 */

/**
 * Returns the statistic that a row is judged by: the minimum of times, because other work on the machine only adds to
 * them; the median of memory and ratios, so that a single run does not hide the others.
 *
 * @param {import("./report-row.mjs").ReportRow} row
 */
export function judgedOf({ unit, minimum, median }) {
  return timeUnits.has(unit) ? minimum : median;
}

/**
 * Compares a row with its budget. Null for a row without a budget.
 *
 * @param {import("./report-row.mjs").Row} row
 * @param {readonly import("./budgets.mjs").Budget[]} budgets
 * @returns {Verdict | null}
 */
export function judgeRow(row, budgets) {
  if (isFailed(row)) return null;
  const budget = budgets.find((candidate) => candidate.figure === row.figure);
  if (budget === undefined) return null;
  if (budget.unit !== row.unit) throw new TypeError(`${row.figure} is in ${row.unit}, its budget in ${budget.unit}`);
  const judged = budget.judgedBy === "median" ? row.median : judgedOf(row);
  const met = judged <= budget.limit;
  const word = met ? "met" : budget.rival === undefined ? "missed" : "lost";
  return { budget, judged, met, word, fails: !met && budget.kind === "bytes" };
}
