/** Longest text between two signs that belong together, such as those of bold text. */
const MAX = 1000;

/**
 * Signs of Markdown within a text, and their replacements. Runs of spaces are already single spaces, and every repetition
 * has a limit, so that a hostile text takes linear time.
 */
const signs: readonly (readonly [RegExp, string])[] = [
  // Links and images: their text.
  [new RegExp(String.raw`!?\[([^\][\n]{0,${MAX}})\]\([^()\s]{0,${MAX}}(?: "[^"\n]{0,${MAX}}")?\)`, "g"), "$1"],
  // Bold, struck, italic and code.
  [new RegExp(String.raw`\*\*(?=\S)([^*\n]{1,${MAX}})(?<=\S)\*\*`, "g"), "$1"],
  [new RegExp(String.raw`~~(?=\S)([^~\n]{1,${MAX}})(?<=\S)~~`, "g"), "$1"],
  [/(?<![\p{L}\p{N}*\\])\*{1,3}(?=[^\s*])|(?<=[^\s*\\])\*{1,3}(?![\p{L}\p{N}*])/gu, ""],
  [/(?<![\p{L}\p{N}_\\])_{1,3}(?=[^\s_])|(?<=[^\s_\\])_{1,3}(?![\p{L}\p{N}_])/gu, ""],
  [/(?<!\\)`/g, ""],
  [/\\([\\`*_{}[\]()#+.!|~>-])/g, "$1"],
];

/** Lines without a text: fences of code, rules, and the lines below the headings of tables. */
const SILENT_LINE = /^ ?(?:(?:```|~~~).*|(?:- ?){3,}|(?:\* ?){3,}|(?:_ ?){3,}|[ :|-]*)$/;
/** Signs at the beginning of a line: quotes, and then a heading or a bullet. */
const LINE_SIGNS = /^ ?(?:> ?)*(?:#{1,6} |[*+-] (?:\[[ xX]\] )?)?/;

/** A value such as `> 20 °C` or `- 5 degrees`. In a text of one line, its sign is neither a quote nor a bullet. */
const VALUE = /^(?:> ?)?(?:[+-] ?)?[.,]?\d/;

/** Returns a reply as it is spoken: without the signs of Markdown, and without runs of spaces. */
export function spokenText(reply: string): string {
  const lines = reply
    .trim()
    .replaceAll(/[ \t\r]+/g, " ")
    .split("\n");
  const isValue = lines.length === 1 && VALUE.test(lines[0] ?? "");
  const wordsOf = (line: string) => (isValue ? line : line.replace(LINE_SIGNS, "").trimEnd());
  const spoken = lines.map((line) => (SILENT_LINE.test(line) ? "" : wordsOf(line)));
  const text = spoken.map((line) => (isTableRow(line) ? cellsOf(line) : line)).join("\n");
  return signs
    .reduce((shorter, [sign, replacement]) => shorter.replaceAll(sign, replacement), text)
    .replaceAll(/\n{3,}/g, "\n\n")
    .trim();
}

function isTableRow(line: string): boolean {
  return line.length > 1 && line.startsWith("|") && line.endsWith("|");
}

function cellsOf(row: string): string {
  const cells = row.slice(1, -1).split("|");
  return cells
    .map((cell) => cell.trim())
    .filter((cell) => cell !== "")
    .join(", ");
}
