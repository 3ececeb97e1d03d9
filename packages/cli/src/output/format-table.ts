/** One column of a table. */
export interface Column<Row> {
  title: string;
  /** Whether cells are aligned to the left. Default: to the right, as numbers are. */
  isText?: boolean;
  /** Columns with the highest number are left out first on a narrow terminal. Default: never. */
  leftOut?: number;
  cell: (row: Row, index: number) => string;
}

const GAP = "  ";

/**
 * Returns the lines of a table, with as many columns as fit into `width`. `below` returns lines to add after a row. `widthOf`
 * returns the columns that a cell takes, for texts with wide characters. Default: one for each character.
 */
export function formatTable<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  width: number,
  below: (row: Row) => readonly string[] = () => [],
  widthOf: (text: string) => number = (text) => text.length,
): string[] {
  let sized = columns.map((column) => {
    const cells = rows.map(column.cell);
    return {
      ...column,
      cells,
      length: cells.reduce((most, cell) => Math.max(most, widthOf(cell)), column.title.length),
    };
  });
  const lengthOf = () => sized.reduce((sum, { length }) => sum + length + GAP.length, -GAP.length);
  while (lengthOf() > width) {
    const last = Math.max(...sized.map(({ leftOut = 0 }) => leftOut));
    if (last === 0) break;
    sized = sized.filter(({ leftOut }) => leftOut !== last);
  }
  const padded = (text: string, { isText, length }: (typeof sized)[number]) => {
    const space = " ".repeat(Math.max(0, length - widthOf(text)));
    return isText ? text + space : space + text;
  };
  const line = (cellOf: (column: (typeof sized)[number]) => string) =>
    sized
      .map((column) => padded(cellOf(column), column))
      .join(GAP)
      .trimEnd();
  return [
    line(({ title }) => title),
    ...rows.flatMap((row, index) => [line(({ cells }) => cells[index] ?? ""), ...below(row)]),
  ];
}
