/**
 * Reads front matter line by line where it is not valid YAML: a colon within a value, tabs, an unclosed quote. Each key
 * at the beginning of a line gets the text, list or map of texts that follows. Of a repeated key the first value
 * counts.
 */
export function readLoosely(frontMatter: string): Record<string, unknown> {
  const found = new Map<string, string[]>();
  let lines: string[] = [];
  for (const line of frontMatter.split("\n")) {
    const [, key, rest = ""] = /^["']?([\p{L}_][\p{L}\p{N}_ -]{0,63}?)["']?[ \t]*:(?:[ \t]+(.*))?$/u.exec(line) ?? [];
    if (key !== undefined) {
      lines = [rest];
      if (!found.has(key)) found.set(key, lines);
    } else lines.push(line);
  }
  return Object.fromEntries([...found].map(([key, [first = "", ...rest]]) => [key, readValue(first.trim(), rest)]));
}

function readValue(first: string, rest: readonly string[]): unknown {
  const lines = rest.map((line) => line.trim()).filter((line) => line !== "" && !line.startsWith("#"));
  if (/^[|>][-+\d]*$/.test(first)) return lines.join(first.startsWith("|") ? "\n" : " ");
  if (first === "" && lines.length > 0 && lines.every((line) => /^-(?:\s|$)/.test(line))) {
    return lines.map((line) => unquoted(line.slice(1).trim()));
  }
  const pairs = lines.map((line) => /^([\w.-]+)\s*:\s+(.*)$/.exec(line));
  if (first === "" && lines.length > 0 && pairs.every((pair) => pair !== null)) {
    return Object.fromEntries(pairs.map((pair) => [pair?.[1] ?? "", unquoted(pair?.[2] ?? "")]));
  }
  return unquoted([first, ...lines].filter(Boolean).join(" "));
}

function unquoted(text: string): string {
  const [, quote, inner] = /^(["'])(.*)\1$/.exec(text) ?? [];
  return quote === undefined ? text.replace(/\s+#.*$/u, "") : (inner ?? "");
}
