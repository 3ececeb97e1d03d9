import path from "node:path";

/** The files of a source: a folder, and the pattern of their names. */
export interface FilePattern {
  readonly folder: string;
  /** A name, or a pattern with `*`. */
  readonly name: string;
}

/** Splits the path of a source, or returns why that is not possible in sentences for people. */
export function readFilePattern(file: string, configFolder: string): FilePattern | { readonly problem: string } {
  const whole = path.resolve(configFolder, file);
  const [folder, name] = [path.dirname(whole), path.basename(whole)];
  if (folder.includes("*")) {
    return { problem: `${file} has a * in its folder. Only the name of the file, its last part, may have one.` };
  }
  return { folder, name };
}

/**
 * Whether a name matches a pattern, in which `*` stands for any characters. As in a shell, a `*` at the beginning does
 * not stand for the dot of a hidden file. Takes linear time.
 */
export function matchesName(pattern: string, name: string): boolean {
  if (!pattern.includes("*")) return pattern === name;
  if (name.startsWith(".") && !pattern.startsWith(".")) return false;
  const pieces = pattern.split("*");
  const first = pieces[0] ?? "";
  const last = pieces.at(-1) ?? "";
  if (!name.startsWith(first) || !name.endsWith(last)) return false;
  const end = name.length - last.length;
  let at = first.length;
  for (const piece of pieces.slice(1, -1)) {
    const found = name.indexOf(piece, at);
    if (found < 0) return false;
    at = found + piece.length;
  }
  return at <= end;
}
