import type { Block } from "./block.js";

/** Most columns. A wider table is shown as text. */
const MAX_COLUMNS = 20;

/**
 * Reads a table: a line with cells, a line such as `--- | ---` with the same number of cells, and further lines with
 * cells. With `isCheck` only the first two lines are read.
 */
export function readTable(
  lines: readonly string[],
  at: number,
  { isCheck = false } = {},
): { block: Block; to: number } | null {
  const line = lines[at] ?? "";
  const below = lines[at + 1] ?? "";
  if (!line.includes("|") || !below.includes("-") || !below.includes("|") || /[^-:| \t]/.test(below)) return null;
  const head = cellsOf(line);
  const marks = cellsOf(below);
  if (head.length !== marks.length || head.length > MAX_COLUMNS) return null;
  if (!marks.every((cell) => /^:?-+:?$/.test(cell))) return null;
  const rows: string[][] = [];
  let to = at + 2;
  for (; !isCheck && to < lines.length && (lines[to] ?? "").includes("|"); to++) {
    const cells = cellsOf(lines[to] ?? "");
    // Text of a cell too many is not lost.
    const last = cells.slice(head.length - 1).join(" | ");
    rows.push(head.map((_, index) => (index === head.length - 1 ? last : (cells[index] ?? ""))));
  }
  return { block: { type: "table", head, rows }, to };
}

/** `| a | b |` → `a`, `b`. A `\|` does not separate. */
function cellsOf(line: string): string[] {
  const text = line.trim();
  const cells: string[] = [];
  let from = 0;
  for (let at = text.indexOf("|"); at >= 0; at = text.indexOf("|", at + 1)) {
    if (text[at - 1] === "\\") continue;
    cells.push(text.slice(from, at).trim());
    from = at + 1;
  }
  cells.push(text.slice(from).trim());
  if (cells.length > 1 && cells[0] === "") cells.shift();
  if (cells.length > 1 && cells[cells.length - 1] === "") cells.pop();
  return cells;
}
