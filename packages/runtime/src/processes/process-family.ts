import { readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";

/** A program that was started, and all that came of it. */
export interface Family {
  /** The process that was started, which is also its process group and session. */
  readonly root: number;
  /** Entry of the environment that its processes inherit: `NAME=value`. */
  readonly mark: string;
  /** Processes that belong to it and have not ended. Kept by {@link ProcessFamilies}. */
  readonly members: Set<number>;
}

/**
 * Finds the processes that come of programs, where no cgroup lists them: children of members, processes of the program's
 * group or session, and those that left both but inherited its environment. Only processes that are new since the last
 * look are examined, which costs a look less than a millisecond.
 */
export class ProcessFamilies {
  #known = new Set<string>();

  /** Updates the members of each family. Does nothing where the system has no `/proc`. */
  update(families: readonly Family[]): void {
    let names: string[];
    try {
      names = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
    } catch {
      return;
    }
    const present = new Set(names);
    for (const { members } of families) {
      for (const member of members) if (!present.has(String(member))) members.delete(member);
    }
    // A child comes after its parent, unless the numbers began anew; then the environment tells.
    for (const name of names) {
      if (this.#known.has(name)) continue;
      const relation = readRelation(name);
      if (relation === null) continue;
      const family = families.find(
        ({ root, members, mark }) =>
          members.has(relation.parent) ||
          relation.group === root ||
          relation.session === root ||
          environmentOf(name).includes(mark),
      );
      family?.members.add(Number(name));
    }
    this.#known = present;
  }
}

/** Parts of what a process has resident, in bytes. */
export interface OwnMemory {
  anonymous: number;
  /** Anonymous maps that are shared, and files in memory. */
  shared: number;
  /** Mapped files. */
  mapped: number;
}

/** Reads the memory of a process; before Linux 4.5 all that is resident counts. Zero for one that has ended. */
export function readOwnMemory(processId: number): OwnMemory {
  const status = readText(`/proc/${processId}/status`);
  const kilobytes = (name: string) => new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status)?.[1];
  const anonymous = Number(kilobytes("RssAnon") ?? kilobytes("VmRSS") ?? 0);
  const [shared = 0, mapped = 0] = ["RssShmem", "RssFile"].map((name) => Number(kilobytes(name) ?? 0) * 1024);
  return { anonymous: anonymous * 1024, shared, mapped };
}

/** Reads the same in one sum, pages shared with other processes counted by their share. The kernel walks all pages for it. */
export function readOwnShare(processId: number): number {
  const rollup = readText(`/proc/${processId}/smaps_rollup`);
  const kilobytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(rollup)?.[1] ?? Number.NaN);
  const bytes = (kilobytes("Pss_Anon") + kilobytes("Pss_Shmem")) * 1024;
  if (!Number.isNaN(bytes)) return bytes;
  const { anonymous, shared } = readOwnMemory(processId);
  return anonymous + shared;
}

/** Bytes of files in memory (memfd, /dev/shm) that these processes hold open, each counted once. */
export function readOpenMemoryFiles(processIds: Iterable<number>): number {
  const bytesOf = new Map<string, number>();
  for (const processId of processIds) {
    const folder = `/proc/${processId}/fd`;
    for (const name of listFolder(folder)) {
      try {
        if (!/^\/(memfd:|dev\/shm\/)/.test(readlinkSync(`${folder}/${name}`))) continue;
        const { dev, ino, blocks } = statSync(`${folder}/${name}`);
        bytesOf.set(`${dev}:${ino}`, blocks * 512);
      } catch {
        // It was closed.
      }
    }
  }
  return [...bytesOf.values()].reduce((sum, bytes) => sum + bytes, 0);
}

/** Shared memory and files in memory of the whole machine, in bytes; 0 where it is not known. */
export function readSharedMemory(): number {
  return Number(/^Shmem:\s+(\d+) kB/m.exec(readText("/proc/meminfo"))?.[1] ?? 0) * 1024;
}

/** Counts the processes that have ended and that their parent does not collect. */
export function countDeadChildren(parent: number): number {
  return listFolder("/proc").filter((name) => {
    if (!/^\d+$/.test(name)) return false;
    const [state, itsParent] = readText(`/proc/${name}/stat`)
      .replace(/^.*\) /s, "")
      .split(" ");
    return state === "Z" && Number(itsParent) === parent;
  }).length;
}

function readRelation(processId: string): { parent: number; group: number; session: number } | null {
  // The name of the program stands in parentheses and may contain any character.
  const [, parent, group, session] = readText(`/proc/${processId}/stat`)
    .replace(/^.*\) /s, "")
    .split(" ")
    .map(Number);
  if (parent === undefined || group === undefined || session === undefined) return null;
  return { parent, group, session };
}

function environmentOf(processId: string): string[] {
  return readText(`/proc/${processId}/environ`).split("\0");
}

function readText(file: string): string {
  try {
    return readFileSync(file, "latin1");
  } catch {
    return "";
  }
}

function listFolder(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
