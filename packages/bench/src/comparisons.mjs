import { judgedOf } from "./judge-row.mjs";
import { isFailed } from "./report-row.mjs";

/** @typedef {import("./report-row.mjs").Row} Row */
/** @typedef {import("./report-row.mjs").ReportRow} ReportRow */

/** Rows of nanoagent that are compared with peers. @type {readonly [own: string, question: string, measures: readonly string[]][]} */
const compared = [
  ["runtime", "start", ["cpu", "memory"]],
  ["runtime-reply", "start", ["cpu", "memory"]],
  ["nanoagent-mock", "turn", ["time"]],
  ["nanoagent-mock", "session", ["time", "last-turn", "growth", "peak-growth"]],
  ["runtime", "size", ["disk", "packages"]],
];

/** @typedef {{ row: ReportRow, better: ReportRow[] }} Loss row of nanoagent, and the rows of peers that are better */

/**
 * Lists the figures in which a peer beats nanoagent. Sessions that a peer did not finish are left out.
 *
 * @param {readonly Row[]} rows
 * @param {readonly string[]} peers their names
 * @returns {Loss[]}
 */
export function findLosses(rows, peers) {
  const measured = new Map(rows.flatMap((row) => (isFailed(row) ? [] : [/** @type {const} */ ([row.figure, row])])));
  return compared.flatMap(([own, question, measures]) =>
    measures.flatMap((measure) => {
      const row = measured.get(`${question}/${own}/${measure}`);
      if (row === undefined) return [];
      const suffix = own === "runtime-reply" ? "-reply" : "";
      const better = peers.flatMap((peer) => {
        const other = measured.get(`${question}/${peer}${suffix}/${measure}`);
        const hasStopped = measured.get(`session/${peer}/turns`)?.note !== undefined && question === "session";
        return other !== undefined && !hasStopped && judgedOf(other) < judgedOf(row) ? [other] : [];
      });
      return better.length === 0 ? [] : [{ row, better }];
    }),
  );
}
