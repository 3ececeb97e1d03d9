import { renderTable } from "../render-table.mjs";

/**
 * Row of a model: summaries of `@nanoagent/runtime/eval`, or a text if a summary could not be measured.
 *
 * @typedef {object} ActRow
 * @property {string} model
 * @property {any} own
 * @property {any} server
 * @property {any} words
 */

const columns = /** @type {const} */ ([
  ["model", "left"],
  ["scenarios", "right"],
  ["nanoagent: right", "right"],
  ["95 %", "right"],
  ["llama-server: right", "right"],
  ["95 %", "right"],
  ["words alone", "right"],
  ["needless acts", "right"],
  ["invalid calls", "right"],
  ["tokens to decide", "right"],
]);

/** Renders the table, and below it the reasons for missing figures. @param {readonly ActRow[]} rows @returns {string} */
export function renderActs(rows) {
  const lines = rows.map(({ model, own, server, words }) => [
    model,
    String(words.right.of),
    shareOf(own?.right),
    intervalOf(own?.right),
    shareOf(server?.right),
    intervalOf(server?.right),
    shareOf(words.right),
    countOf(own?.needless),
    countOf(own?.invalid_calls),
    own?.deciding_tokens ? String(own.deciding_tokens.median) : "not told",
  ]);
  const table = renderTable(
    columns.map(([title, align]) => ({ title, align })),
    lines,
  );
  const notes = rows.flatMap(({ model, own, server }) => [
    ...(typeof own === "string" ? [`not measured: nanoagent with ${model}: ${own}`] : []),
    ...(typeof server === "string" ? [`not measured: llama-server with ${model}: ${server}`] : []),
  ]);
  return [table, ...(notes.length > 0 ? [""] : []), ...notes].join("\n");
}

/** @param {any} share */
function shareOf(share) {
  return share === undefined || share.share === null ? "–" : `${(100 * share.share).toFixed(1)} %`;
}

/** @param {any} share */
function intervalOf(share) {
  return share === undefined || share.share === null
    ? "–"
    : `${(100 * share.low).toFixed(0)}–${(100 * share.high).toFixed(0)}`;
}

/** @param {any} share */
function countOf(share) {
  return share === undefined || share.of === 0 ? "–" : `${share.count} of ${share.of}`;
}
