import type { CgroupMount } from "./cgroup-mounts.js";

/** A cgroup on the path from a process's own group to the root. */
export interface CgroupLevel {
  /** Path in the form of `/proc/self/cgroup`. */
  path: string;
  /** Folder of its files. */
  directory: string;
}

/** Most levels, to limit the reads. Real trees have 2 to 9; levels above are left out. */
const MAX_LEVELS = 16;

/**
 * Returns the groups from `path` up to the root that are visible in one of the mounts, nearest first. If several mounts
 * show some of them, the mount that shows the most is used.
 *
 * Paths and mount roots are relative to the root of the process's cgroup namespace: paths outside of it begin with
 * `/..`. A mount whose root is above the namespace shows the groups in between only under names that the process does
 * not know, so only its root becomes a level.
 */
export function visibleLevels(path: string, mounts: readonly CgroupMount[]): CgroupLevel[] {
  const own = parsed(path);
  if (own === null) return [];
  let best: CgroupLevel[] = [];
  for (const mount of mounts) {
    const levels = levelsThrough(mount, own);
    if (rank(levels, own) >= rank(best, own)) best = levels;
  }
  return best.slice(0, MAX_LEVELS);
}

/** A path in a hierarchy: a number of steps up from the namespace root, then down by these names. */
interface Position {
  stepsUp: number;
  names: readonly string[];
}

function parsed(path: string): Position | null {
  const parts = path.split("/").filter((part) => part !== "");
  const firstName = parts.findIndex((part) => part !== "..");
  const stepsUp = firstName < 0 ? parts.length : firstName;
  const names = parts.slice(stepsUp);
  return names.includes("..") || names.includes(".") ? null : { stepsUp, names };
}

function written({ stepsUp, names }: Position): string {
  return `/${[...Array<string>(stepsUp).fill(".."), ...names].join("/")}`;
}

function levelsThrough({ root, mountPoint }: CgroupMount, own: Position): CgroupLevel[] {
  const top = parsed(root);
  if (top === null) return [];
  if (top.stepsUp > own.stepsUp && top.names.length === 0) return [{ path: written(top), directory: mountPoint }];
  if (top.stepsUp !== own.stepsUp || top.names.some((name, index) => own.names[index] !== name)) return [];
  const levels: CgroupLevel[] = [];
  for (let depth = own.names.length; depth >= top.names.length; depth--) {
    const below = own.names.slice(top.names.length, depth);
    levels.push({
      path: written({ stepsUp: own.stepsUp, names: own.names.slice(0, depth) }),
      directory: [mountPoint === "/" ? "" : mountPoint, ...below].join("/"),
    });
  }
  return levels;
}

/** Ranks visible levels: the process's own group counts more than any number of groups above it. */
function rank(levels: readonly CgroupLevel[], own: Position): number {
  const showsOwn = levels[0]?.path === written(own);
  return levels.length + (showsOwn ? Number.MAX_SAFE_INTEGER / 2 : 0);
}
