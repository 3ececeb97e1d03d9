import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { access, constants, mkdir, readdir, readFile, rmdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { endProcess } from "../processes/end-process.js";
import type { ProcessCgroup } from "../processes/process-cgroup.js";
import { processExists } from "../processes/process-exists.js";

/** The groups that a process is in: those of the profiler's `findMemoryCgroup`. */
export interface OwnCgroups {
  version: 1 | 2;
  /** The own one first. */
  levels: readonly { path: string; directory: string }[];
}

const NAME = /^nanoagent-(\d+)-\d+$/;
const REMOVE_ATTEMPTS = 20;
const REMOVE_PAUSE_MILLISECONDS = 50;
/** Most times that a list of processes is read to end those that started since. */
const KILL_ROUNDS = 20;

let made = 0;

/** A cgroup for an engine's process or for tools, below this process's or beside it, removed when it is empty. */
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
   * Makes one with this limit, where this process may: as root, or in a tree that was delegated to it. Null where it may
   * not, or the kernel does not control memory there. A group whose own limit is set gets no neighbours: they would
   * escape it.
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

  /** For people. */
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

  /** Memory in use, with that of the groups below and without the cache of files, in bytes; null where it is not told. */
  usedBytes(): number | null {
    const names = this.version === 1 ? /^total_(?:rss|shmem) (\d+)$/gm : /^(?:anon|shmem) (\d+)$/gm;
    const figures = [...this.#read("memory.stat").matchAll(names)];
    return figures.length === 0 ? null : figures.reduce((sum, [, bytes]) => sum + Number(bytes), 0);
  }

  /** The processes in it, without those of the groups below. */
  processIds(): number[] {
    return this.#read("cgroup.procs").split("\n").filter(Boolean).map(Number);
  }

  /** Changes the limit. The kernel may refuse one that is below what is used. */
  limitTo(limitBytes: number): void {
    try {
      writeFileSync(path.join(this.#directory, limitFile(this.version)), String(limitBytes));
      this.#limitBytes = limitBytes;
    } catch {}
  }

  /** Has the groups below it, in version 2, obey limits of their own. */
  prepareForGroups(): Promise<void> {
    return this.version === 2 ? enableMemory(this.#directory) : Promise.resolve();
  }

  /** Makes a group below this one; null where the system refuses. The kernel ends its processes together. */
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

  /** Ends every process in it, also those that start meanwhile. */
  killAll(): void {
    try {
      writeFileSync(path.join(this.#directory, "cgroup.kill"), "1", { flag: "r+" });
      return;
    } catch {
      // Before Linux 5.14, and in version 1, one by one.
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

  /** The kernel keeps a group busy for a moment after its last process has ended. */
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
    // Where the kernel has no swap there is no such file.
    if (version === 2) await writeFile(path.join(directory, "memory.swap.max"), "0").catch(() => {});
    await access(group.processesFile, constants.W_OK);
    return group;
  } catch {
    await group.remove();
    return null;
  }
}

/** Version 2 gives children a limit only where their parent says so; a group that has processes may not, but for the root. */
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

/** Groups of programs that were killed before they could remove them. */
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
