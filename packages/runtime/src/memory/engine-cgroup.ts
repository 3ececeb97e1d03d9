import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { access, constants, mkdir, readdir, readFile, rmdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { endProcess } from "../processes/end-process.js";
import type { ProcessCgroup } from "../processes/process-cgroup.js";
import { processExists } from "../processes/process-exists.js";

/** The cgroups of a process, as returned by the profiler's `findMemoryCgroup`. */
export interface OwnCgroups {
  version: 1 | 2;
  /** The process's own cgroup first. */
  levels: readonly { path: string; directory: string }[];
}

const NAME = /^nanoagent-(\d+)-\d+$/;
const REMOVE_ATTEMPTS = 20;
const REMOVE_PAUSE_MILLISECONDS = 50;
/** Most reads of the process list, to kill processes that started during the previous round. */
const KILL_ROUNDS = 20;

let made = 0;

/**
 * A cgroup for an engine's process or for tools, below this process's cgroup or beside it. Removed when it is empty.
 */
export class EngineCgroup implements ProcessCgroup {
  readonly version: 1 | 2;
  readonly #directory: string;
  readonly #path: string;
  #limitBytes: number;

  constructor(version: 1 | 2, directory: string, groupPath: string, limitBytes: number) {
    this.version = version;
    this.#limitBytes = limitBytes;
    this.#directory = directory;
    this.#path = groupPath;
  }

  /**
   * Creates a cgroup with this limit, if this process may: as root, or in a delegated tree. Returns null if it may not,
   * or if the kernel does not control memory there. If the process's own cgroup has a limit, none is created beside it,
   * because it would escape that limit.
   */
  static async create(own: OwnCgroups | null, limitBytes: number): Promise<EngineCgroup | null> {
    const [self, parent] = own?.levels ?? [];
    if (own === null || self === undefined) return null;
    const places = [self];
    if (own.version === 2 && parent !== undefined && (await isUnlimited(self.directory))) places.push(parent);
    for (const place of places) {
      await removeAbandoned(place.directory);
      const group = await tryCreate(own.version, place, limitBytes);
      if (group !== null) return group;
    }
    return null;
  }

  get limitBytes(): number {
    return this.#limitBytes;
  }

  get processesFile(): string {
    return path.join(this.#directory, "cgroup.procs");
  }

  /** Name and limit, for people. */
  get description(): string {
    return `cgroup v${this.version} ${this.#path} at ${Math.floor(this.limitBytes / 2 ** 20)} MB`;
  }

  /** Whether this process is in it. */
  async holds(processId: number): Promise<boolean> {
    const text = await readFile(this.processesFile, "utf8").catch(() => "");
    return text.split("\n").includes(String(processId));
  }

  killedForMemory(): boolean {
    const text = this.#read(this.version === 1 ? "memory.oom_control" : "memory.events");
    return Number(/^oom_kill (\d+)$/m.exec(text)?.[1] ?? 0) > 0;
  }

  /** Memory in use, including child cgroups but not the file cache, in bytes, or null if unknown. */
  usedBytes(): number | null {
    const names = this.version === 1 ? /^total_(?:rss|shmem) (\d+)$/gm : /^(?:anon|shmem) (\d+)$/gm;
    const figures = [...this.#read("memory.stat").matchAll(names)];
    return figures.length === 0 ? null : figures.reduce((sum, [, bytes]) => sum + Number(bytes), 0);
  }

  /** The processes in it, without those of child cgroups. */
  processIds(): number[] {
    return this.#read("cgroup.procs").split("\n").filter(Boolean).map(Number);
  }

  /** Changes the limit. The kernel may reject one that is below current use. */
  limitTo(limitBytes: number): void {
    try {
      writeFileSync(path.join(this.#directory, limitFile(this.version)), String(limitBytes));
      this.#limitBytes = limitBytes;
    } catch {}
  }

  /** Enables limits for child cgroups (version 2). */
  prepareForGroups(): Promise<void> {
    return this.version === 2 ? enableMemory(this.#directory) : Promise.resolve();
  }

  /** Creates a child cgroup, or returns null if the system refuses. The kernel kills its processes together. */
  createBelow(name: string, limitBytes: number): EngineCgroup | null {
    const directory = path.join(this.#directory, name);
    const group = new EngineCgroup(this.version, directory, path.posix.join(this.#path, name), limitBytes);
    try {
      mkdirSync(directory);
      writeFileSync(path.join(directory, limitFile(this.version)), String(limitBytes));
      if (this.version === 2) writeFileSync(path.join(directory, "memory.oom.group"), "1");
      return group;
    } catch {
      void group.remove();
      return null;
    }
  }

  /** Kills every process in it, including those that start in the meantime. */
  killAll(): void {
    try {
      writeFileSync(path.join(this.#directory, "cgroup.kill"), "1", { flag: "r+" });
      return;
    } catch {
      // Before Linux 5.14, and in version 1: one by one.
    }
    for (let round = 0; round < KILL_ROUNDS; round++) {
      const processIds = this.processIds();
      if (processIds.length === 0) return;
      for (const processId of processIds) endProcess(processId);
    }
  }

  #read(file: string): string {
    try {
      return readFileSync(path.join(this.#directory, file), "utf8");
    } catch {
      return "";
    }
  }

  /** Removes the cgroup. The kernel keeps it busy for a moment after its last process has ended. */
  async remove(): Promise<void> {
    for (let attempt = 0; attempt < REMOVE_ATTEMPTS; attempt++) {
      try {
        await rmdir(this.#directory);
        return;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
        await new Promise((resolve) => setTimeout(resolve, REMOVE_PAUSE_MILLISECONDS).unref());
      }
    }
  }
}

async function tryCreate(
  version: 1 | 2,
  place: { path: string; directory: string },
  limitBytes: number,
): Promise<EngineCgroup | null> {
  const name = `nanoagent-${process.pid}-${++made}`;
  const directory = path.join(place.directory, name);
  try {
    if (version === 2) await enableMemory(place.directory);
    await mkdir(directory);
  } catch {
    return null;
  }
  const group = new EngineCgroup(version, directory, path.posix.join(place.path, name), limitBytes);
  try {
    await writeFile(path.join(directory, limitFile(version)), String(limitBytes));
    // Kernels without swap do not have this file.
    if (version === 2) await writeFile(path.join(directory, "memory.swap.max"), "0").catch(() => {});
    await access(group.processesFile, constants.W_OK);
    return group;
  } catch {
    await group.remove();
    return null;
  }
}

/** In version 2, the parent must enable limits for its children. A non-root cgroup with processes cannot. */
async function enableMemory(directory: string): Promise<void> {
  const file = path.join(directory, "cgroup.subtree_control");
  const enabled = await readFile(file, "utf8");
  if (!enabled.split(/\s+/).includes("memory")) await writeFile(file, "+memory");
}

function limitFile(version: 1 | 2): string {
  return version === 1 ? "memory.limit_in_bytes" : "memory.max";
}

async function isUnlimited(directory: string): Promise<boolean> {
  const max = await readFile(path.join(directory, "memory.max"), "utf8").catch(() => "");
  return max.trim() === "max";
}

/** Removes cgroups of programs that were killed before they could do it. */
async function removeAbandoned(directory: string): Promise<void> {
  const names = await readdir(directory).catch(() => []);
  for (const name of names) {
    const processId = NAME.exec(name)?.[1];
    if (processId !== undefined && !processExists(Number(processId))) {
      const abandoned = path.join(directory, name);
      for (const below of await readdir(abandoned).catch(() => []))
        await rmdir(path.join(abandoned, below)).catch(() => {});
      await rmdir(abandoned).catch(() => {});
    }
  }
}
