/** Characters with a meaning for a shell. */
const SHELL_SIGN = /["'\\`$|&;<>()*?[\]#~=%{}!\n]/;
const PLACEHOLDER = /\{(\w{1,64})\}/g;

/**
 * Returns a command line as a list: its words, or `sh -c` with the line if a shell would do more than split it.
 * Arguments in braces become arguments of the shell, never part of its script. Null for an empty line, and for a line
 * with both quotes and braces, which cannot be split reliably.
 */
export function commandWords(line: string): string[] | null {
  const text = line.trim();
  if (text === "") return null;
  const names = [...new Set([...text.matchAll(PLACEHOLDER)].map(([, name]) => name ?? ""))];
  if (!SHELL_SIGN.test(text.replace(PLACEHOLDER, ""))) return text.split(/\s+/);
  if (names.length > 0 && /["'`]/.test(text)) return null;
  const script = text.replace(PLACEHOLDER, (_, name: string) => `"$${names.indexOf(name) + 1}"`);
  return ["sh", "-c", script, ...(names.length === 0 ? [] : ["sh", ...names.map((name) => `{${name}}`)])];
}
