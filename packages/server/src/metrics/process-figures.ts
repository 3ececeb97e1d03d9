import { readdir } from "node:fs/promises";

/** Figures of this process, without the engine's and the tools' processes. */
export interface ProcessFigures {
  /** Start, in seconds since 1970. */
  readonly start_seconds: number;
  readonly resident_bytes: number;
  /** Processor time in the program and in the kernel. */
  readonly cpu_seconds: number;
  /** Null where the system has no folder of them. */
  readonly open_files: number | null;
}

/** Reads the figures of this process. */
export async function readProcess(): Promise<ProcessFigures> {
  const { user, system } = process.cpuUsage();
  return {
    start_seconds: performance.timeOrigin / 1000,
    resident_bytes: process.memoryUsage.rss(),
    cpu_seconds: (user + system) / 1e6,
    open_files: await countOpenFiles(),
  };
}

async function countOpenFiles(): Promise<number | null> {
  const names = await readdir("/proc/self/fd").catch(() => null);
  // One of them is the folder itself, while it is read.
  return names === null ? null : names.length - 1;
}
