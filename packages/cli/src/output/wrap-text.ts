/** Wraps a text of narrow characters between words. A line is longer than `width` only if one word is. */
export function wrapText(text: string, width: number): string {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line].join("\n");
}

/** Narrowest column that is left for the text behind a label. */
const NARROWEST_COLUMN = 16;

/**
 * Breaks each line of a text at the width of the terminal; a text for anything else stays as it is. A line with a label,
 * or with several columns, goes on below the last column that begins in its first half.
 */
export function wrapFor({ isTTY, columns = 80 }: { isTTY?: boolean; columns?: number }, text: string): string {
  if (!isTTY) return text;
  return text
    .split("\n")
    .map((line) => (line.length <= columns ? line : wrapLine(line, columns)))
    .join("\n");
}

function wrapLine(line: string, columns: number): string {
  const column = columnOf(line, columns);
  const wrapped = wrapText(line.slice(column), columns - column);
  return line.slice(0, column) + wrapped.replaceAll("\n", `\n${" ".repeat(column)}`);
}

/** Place where the text of a line begins, behind its indentation and its labels. */
function columnOf(line: string, columns: number): number {
  const most = Math.min(columns - NARROWEST_COLUMN, Math.ceil(columns / 2));
  const starts = [...line.matchAll(/(?:^ +| {2,})(?=\S)/g)].map(({ index, 0: spaces }) => index + spaces.length);
  return starts.filter((start) => start <= most).at(-1) ?? 0;
}
