import { homedir } from "node:os";

/** A path with its `~` expanded, or why that is not possible and what to write instead. */
export type ExpandedPath = { path: string } | { problem: string; advice: string };

/** A path in the home folder: `~` or `~/x`. */
export const homePath = /^~(?:[\\/]|$)/;

/**
 * Expands `~` at the beginning of a path to the home folder, as a shell does. Returns other paths unchanged, and an
 * error for the home folder of another user, `~name`. `home` has precedence over the home folder of this user.
 */
export function expandHome(text: string, home = process.env.HOME): ExpandedPath {
  const [other] = /^~[\w.-]+(?=[\\/]|$)/.exec(text) ?? [];
  if (other !== undefined)
    return { problem: `${other}, the home folder of another user, is not supported`, advice: "write the full path" };
  if (!homePath.test(text)) return { path: text };
  const folder = home || homeOfUser();
  if (folder !== null) return { path: `${folder}${text.slice(1)}` };
  return { problem: "this user has no home folder for ~", advice: "set HOME, or write the full path" };
}

function homeOfUser(): string | null {
  try {
    const home = homedir();
    return home === "" || home === "/" ? null : home;
  } catch {
    return null;
  }
}
