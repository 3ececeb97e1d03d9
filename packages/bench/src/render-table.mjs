/**
 * @typedef {object} Column
 * @property {string} title
 * @property {"left" | "right"} align
 */

/**
 * Renders a plain-text table: columns as wide as their widest cell, two spaces between them, no trailing spaces.
 *
 * @param {readonly Column[]} columns
 * @param {readonly (readonly string[])[]} lines
 * @returns {string}
 */
export function renderTable(columns, lines) {
  const all = [columns.map((column) => column.title), ...lines];
  const widths = columns.map((_, at) => Math.max(...all.map((cells) => (cells[at] ?? "").length)));
  const render = (/** @type {readonly string[]} */ cells) =>
    columns
      .map(({ align }, at) => {
        const cell = cells[at] ?? "";
        const width = widths[at] ?? 0;
        return align === "left" ? cell.padEnd(width) : cell.padStart(width);
      })
      .join("  ")
      .trimEnd();
  const rule = widths.map((width) => "─".repeat(width)).join("  ");
  const [head = [], ...body] = all;
  return [render(head), rule, ...body.map(render)].join("\n");
}
