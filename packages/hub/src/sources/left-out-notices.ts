import type { LeftOutFile } from "./choose-files.js";

/** Most names in one notice. */
const SHOWN_NAMES = 3;

/** Returns one sentence for each reason that files were left out for. */
export function leftOutNotices(leftOut: readonly LeftOutFile[]): string[] {
  const groups = new Map<string, string[]>();
  for (const { path, reason, kind } of leftOut) {
    const why =
      reason === "side-file"
        ? `${kind} are not models by themselves`
        : reason === "incomplete-split"
          ? "some parts of the split file are missing"
          : "pieces of a cut file must be joined before they are a GGUF file";
    groups.set(why, [...(groups.get(why) ?? []), path]);
  }
  return [...groups].map(([why, paths]) => `Left out ${shortList(paths)}: ${why}.`);
}

/** Returns the sentence about rows of a listing that were dropped. */
export function droppedRowsNotice(rows: number, repository: string): string {
  return `Left out ${rows} ${rows === 1 ? "file" : "files"} of ${repository} without a safe path, size or hash.`;
}

/** Joins the first names, and counts the others. */
export function shortList(names: readonly string[], shown = SHOWN_NAMES): string {
  const others = names.length - shown;
  return others > 0 ? `${names.slice(0, shown).join(", ")} and ${others} more` : names.join(", ");
}
