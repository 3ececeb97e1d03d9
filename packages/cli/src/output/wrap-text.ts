/** Breaks a text of narrow characters between words, so that no line is longer than `width` unless one word is. */
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

/** Breaks each line of a text at the width of the terminal; a text for anything else stays as it is. */
export function wrapFor({ isTTY, columns = 80 }: { isTTY?: boolean; columns?: number }, text: string): string {
  if (!isTTY) return text;
  return text
    .split("\n")
    .map((line) => (line.length <= columns ? line : wrapText(line, columns)))
    .join("\n");
}
