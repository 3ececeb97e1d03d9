import type { CgroupMount } from "./cgroup-mounts.js";

/** One group on the way from a process's own group to the root. */
export interface CgroupLevel {
  /** As `/proc/self/cgroup` would write it. */
  path: string;
  /** Where its files are. */
  directory: string;
}

/** Real trees are 2 to 9 deep; what lies above is left out, so that a reading stays small in any tree. */
const MAX_LEVELS = 16;

/**
 * The groups from that at `path` up to the root, as far as one of the mounts shows them; the nearest first. Where
 * several mounts show some, those of the one that shows the most.
 *
 * A path is written as seen from the root of the process's cgroup namespace, and so is the root of a mount: what lies
 * outside of the namespace begins with `/..`. A mount whose root is above the namespace shows the groups between only
 * by names that the process does not know: of that mount just the root is a level.
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

/** A path of a hierarchy: so many steps up from the namespace's root, then down by these names. */
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

/** To see the own group is worth more than any number of those above it. */
function rank(levels: readonly CgroupLevel[], own: Position): number {
  const showsOwn = levels[0]?.path === written(own);
  return levels.length + (showsOwn ? Number.MAX_SAFE_INTEGER / 2 : 0);
}
