/** A comment; or a name, and after `=` its texts in quotes and the rest of the line. A backslash continues the line. */
const ENTRY =
  /[#;][^\r\n]*|([^ \t\r\n][^=\r\n]*)(?:=((?:[ \t]*(?:"(?:\\.?|[^"\\])*(?:"|$)|'[^']*(?:'|$)))*)[ \t]*((?:\\.?|[^\\\r\n])*))?/gs;
const QUOTED = /"((?:\\.?|[^"\\])*)"?|'([^']*)'?/gs;
/** An escaped character, white space, or other characters. */
const PIECE = /\\(.?)|([ \t]+)|[^\\ \t]+/gs;
const NAME = /^[A-Za-z_]\w*$/;

/** Parses a file of variables as systemd's `EnvironmentFile=` does. Lines without a valid name have no effect. */
export function parseVariables(text: string): Record<string, string> {
  const variables = new Map<string, string>();
  for (const [, name, quoted, rest] of text.matchAll(ENTRY)) {
    const key = name?.trimEnd() ?? "";
    if (quoted === undefined || rest === undefined || !NAME.test(key)) continue;
    variables.set(key, unquote(quoted) + unescapeRest(rest));
  }
  return Object.fromEntries(variables);
}

function unquote(text: string): string {
  const parts = [...text.matchAll(QUOTED)].map(([, double, single = ""]) =>
    // As in a shell, a backslash before any other character is a backslash.
    double === undefined ? single : double.replaceAll(/\\(?:\n|$|(["\\`$]))/g, (_, escaped = "") => escaped),
  );
  return parts.join("");
}

/** Returns a text without quotes. White space at its end does not count, unless it is escaped. */
function unescapeRest(text: string): string {
  const pieces = [...text.matchAll(PIECE)];
  if (pieces.at(-1)?.[2] !== undefined) pieces.pop();
  return pieces.map(([piece, escaped]) => (escaped === undefined ? piece : escaped.replace(/[\r\n]/, ""))).join("");
}
