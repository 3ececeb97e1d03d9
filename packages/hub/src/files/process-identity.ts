import { readFileSync, readlinkSync } from "node:fs";
import os from "node:os";

/** Marks of a running process that another process can check. */
export interface ProcessIdentity {
  pid: number;
  host: string;
  /** Boot and process namespace, in which a process id means one process; null where the system does not name them. */
  place: string | null;
  /** Start time of the process since boot, in ticks; null where the system does not say it. */
  started: string | null;
}

let own: ProcessIdentity | null = null;

export function ownProcess(): ProcessIdentity {
  own ??= { pid: process.pid, host: os.hostname(), place: readPlace(), started: readStart(process.pid) };
  return own;
}

/** Whether a process runs: `unknown` for one of another host or container, or if its id may belong to another one now. */
export function isRunning({ pid, host, place, started }: ProcessIdentity): boolean | "unknown" {
  const here = ownProcess();
  if (place !== here.place || (place === null && host !== here.host)) return "unknown";
  if (!isAlive(pid)) return false;
  const current = started === null ? null : readStart(pid);
  return current === null ? "unknown" : current === started;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // The process runs, and belongs to another user.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function readPlace(): string | null {
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    return `${boot} ${readlinkSync("/proc/self/ns/pid")}`;
  } catch {
    return null;
  }
}

function readStart(pid: number): string | null {
  try {
    const status = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name of the program, in parentheses, may contain spaces.
    const fields = status.slice(status.lastIndexOf(")") + 2).split(" ");
    // A process that ended but was not collected yet is gone.
    return fields[0] === "Z" || fields[0] === "X" ? "" : (fields[19] ?? null);
  } catch {
    return null;
  }
}
