import { readFileSync, readlinkSync } from "node:fs";
import os from "node:os";
import { processExists } from "./process-exists.js";

/** Identity of a process beyond its number, which the system gives to another process later. Null: not known here. */
export interface ProcessIdentity {
  pid: number;
  /** Time of its start, in the system's own count. */
  started: string | null;
  /** Namespace in which the number counts: containers have one each. */
  pid_namespace: string | null;
  /** The system's start. Differs after a restart, and on another machine. */
  boot_id: string | null;
  host: string;
}

let own: ProcessIdentity | undefined;

/** The identity of this process. */
export function ownIdentity(): ProcessIdentity {
  own ??= {
    pid: process.pid,
    started: startOf(process.pid),
    pid_namespace: tryRead(() => readlinkSync("/proc/self/ns/pid")),
    boot_id: tryRead(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()),
    host: os.hostname(),
  };
  return own;
}

/**
 * Whether a process that wrote down its identity still runs. `elsewhere`: it ran on another machine, or before this
 * system's start. `hidden`: it may run in another container, or the number alone is known and a process has it.
 */
export function stateOf(identity: ProcessIdentity): "runs" | "gone" | "elsewhere" | "hidden" {
  const here = ownIdentity();
  if (identity.boot_id !== here.boot_id) return "elsewhere";
  if (here.boot_id === null && identity.host !== here.host) return "elsewhere";
  if (identity.pid_namespace !== here.pid_namespace) return "hidden";
  if (!processExists(identity.pid)) return "gone";
  const started = startOf(identity.pid);
  if (started === null || identity.started === null) return "hidden";
  return started === identity.started ? "runs" : "gone";
}

/** Reads an identity from data that anybody may have written. */
export function asIdentity(value: Record<string, unknown> | null): ProcessIdentity | null {
  if (value === null || !Number.isSafeInteger(value.pid) || (value.pid as number) <= 0) return null;
  const texts = [value.started, value.pid_namespace, value.boot_id];
  if (typeof value.host !== "string" || !texts.every((text) => text === null || typeof text === "string")) return null;
  return value as unknown as ProcessIdentity;
}

/** The 22nd field of the line: the name before it may hold blanks and brackets. */
function startOf(pid: number): string | null {
  return tryRead(() => {
    const line = readFileSync(`/proc/${pid}/stat`, "latin1");
    return line.slice(line.lastIndexOf(")") + 2).split(" ")[19] ?? null;
  });
}

function tryRead(read: () => string | null): string | null {
  try {
    return read();
  } catch {
    return null;
  }
}
