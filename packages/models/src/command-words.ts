/** Signs that a shell gives a meaning to. */
const SHELL_SIGN = /["'\\`$|&;<>()*?[\]#~=%{}!\n]/;
const PLACEHOLDER = /\{(\w{1,64})\}/g;

/**
 * Returns the list that a command line stands for: its words, or a shell with the line where a shell does more than split
 * it. Arguments in braces reach the shell as its own arguments, never as a part of the line. Null for a line without words,
 * and for one that has both quotes and braces: what belongs together there cannot be told.
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
