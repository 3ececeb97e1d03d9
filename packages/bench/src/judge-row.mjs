import { isFailed } from "./report-row.mjs";

/** @type {ReadonlySet<import("./report-row.mjs").Unit>} */
const timeUnits = new Set(/** @type {const} */ (["ms", "µs", "s", "%"]));

/**
 * @typedef {object} Verdict
 * @property {import("./budgets.mjs").Budget} budget
 * @property {number} judged the statistic that was held against the limit
 * @property {boolean} met
 * @property {"met" | "missed" | "lost"} word lost where the limit is what another one takes
 * @property {boolean} fails whether the run fails by it
 */

/**
 * The statistic that a row is judged by. Of a time it is the minimum, because whatever else a machine does only adds to
 * it; of memory and ratios the median, because no single run is to hide the others.
 *
 * @param {import("./report-row.mjs").ReportRow} row
 */
export function judgedOf({ unit, minimum, median }) {
  return timeUnits.has(unit) ? minimum : median;
}

/**
 * Holds a row against its budget, and is null where there is none.
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
