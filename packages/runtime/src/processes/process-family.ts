import { readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";

/** A program and all of its descendants. */
export interface Family {
  /** The process that was started. Its number is also that of its process group and session. */
  readonly root: number;
  /** Environment entry that its processes inherit: `NAME=value`. */
  readonly mark: string;
  /** Running processes of the family. Updated by {@link ProcessFamilies}. */
  readonly members: Set<number>;
}

/**
 * Finds the descendants of programs without a cgroup: children of members, processes of the program's group or session,
 * and those that left both but inherited its environment. Only processes that are new since the last call are examined,
 * which takes less than a millisecond.
 */
export class ProcessFamilies {
  #known = new Set<string>();

  /** Updates the members of each family. Does nothing if the system has no `/proc`. */
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
    // A child has a higher number than its parent, unless numbers wrapped around. Then the environment identifies it.
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

/** Parts of a process's resident memory, in bytes. */
export interface OwnMemory {
  anonymous: number;
  /** Shared anonymous mappings, and in-memory files. */
  shared: number;
  /** Mapped files. */
  mapped: number;
}

/** Reads the memory of a process. Before Linux 4.5, all resident memory counts. Zero if it has ended. */
export function readOwnMemory(processId: number): OwnMemory {
  const status = readText(`/proc/${processId}/status`);
  const kilobytes = (name: string) => new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status)?.[1];
  const anonymous = Number(kilobytes("RssAnon") ?? kilobytes("VmRSS") ?? 0);
  const [shared = 0, mapped = 0] = ["RssShmem", "RssFile"].map((name) => Number(kilobytes(name) ?? 0) * 1024);
  return { anonymous: anonymous * 1024, shared, mapped };
}

/** Reads the same as one sum, with shared pages counted proportionally. The kernel walks all pages for it. */
export function readOwnShare(processId: number): number {
  const rollup = readText(`/proc/${processId}/smaps_rollup`);
  const kilobytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(rollup)?.[1] ?? Number.NaN);
  const bytes = (kilobytes("Pss_Anon") + kilobytes("Pss_Shmem")) * 1024;
  if (!Number.isNaN(bytes)) return bytes;
  const { anonymous, shared } = readOwnMemory(processId);
  return anonymous + shared;
}

/** Returns the size of in-memory files (memfd, /dev/shm) that these processes hold open, without duplicates. */
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
        // The file was closed in the meantime.
      }
    }
  }
  return [...bytesOf.values()].reduce((sum, bytes) => sum + bytes, 0);
}

/** Returns the shared memory and in-memory files of the whole machine, in bytes, or 0 if unknown. */
export function readSharedMemory(): number {
  return Number(/^Shmem:\s+(\d+) kB/m.exec(readText("/proc/meminfo"))?.[1] ?? 0) * 1024;
}

/** Counts the ended processes that their parent has not reaped. */
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
  // The program's name is in parentheses and may contain any character.
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
