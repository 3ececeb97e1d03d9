import { isFailed } from "./report-row.mjs";

/**
 * @typedef {object} Verdict
 * @property {import("./budgets.mjs").Budget} budget
 * @property {number} judged the statistic that was held against the limit
 * @property {boolean} met
 * @property {boolean} fails whether the run fails by it
 */

/**
 * Holds a row against its budget. A time is judged by its minimum, because whatever else a machine does only adds to
 * it; memory and ratios by their median, because no single run is to hide the others. Null where there is no budget.
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
  const judged = budget.kind === "time" && budget.unit !== "×" ? row.minimum : row.median;
  const met = judged <= budget.limit;
  return { budget, judged, met, fails: !met && budget.kind === "bytes" };
}
