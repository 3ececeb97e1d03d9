import type { Dirent } from "node:fs";
import { opendir } from "node:fs/promises";
import path from "node:path";

/** Limit of entries that all walks with the same budget share. */
export interface WalkBudget {
  entriesLeft: number;
}

/** An entry that is not a folder. */
export interface WalkedEntry {
  /** Absolute path. */
  path: string;
  /** Path below the folder of the walk, with slashes. */
  relative: string;
  isLink: boolean;
}

/**
 * Lists the files and links below a folder, sorted by path. Links to folders are not followed. Folders that are missing
 * or cannot be read count as empty. Stops at the budget's end.
 */
export async function walkFolder(folder: string, depth: number, budget: WalkBudget): Promise<WalkedEntry[]> {
  const found: WalkedEntry[] = [];
  const visit = async (current: string, prefix: string, left: number): Promise<void> => {
    for (const entry of await listFolder(current, budget)) {
      const relative = `${prefix}${entry.name}`;
      const absolute = path.join(current, entry.name);
      if (entry.isDirectory()) {
        if (left > 1) await visit(absolute, `${relative}/`, left - 1);
      } else if (entry.isFile() || entry.isSymbolicLink()) {
        found.push({ path: absolute, relative, isLink: entry.isSymbolicLink() });
      }
    }
  };
  await visit(folder, "", depth);
  return found;
}

/** Lists a folder's entries by name, within the budget. A folder that cannot be read counts as empty. */
export async function listFolder(folder: string, budget: WalkBudget): Promise<Dirent[]> {
  const entries: Dirent[] = [];
  try {
    for await (const entry of await opendir(folder)) {
      if (budget.entriesLeft <= 0) break;
      budget.entriesLeft -= 1;
      entries.push(entry);
    }
  } catch {
    // Missing, another user's, or removed meanwhile.
  }
  return entries.sort((one, other) => (one.name < other.name ? -1 : 1));
}
