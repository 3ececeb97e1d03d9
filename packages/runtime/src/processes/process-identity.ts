import { readFileSync, readlinkSync } from "node:fs";
import os from "node:os";
import { processExists } from "./process-exists.js";

/** Identity of a process, more specific than its reusable number. Fields are null if unknown. */
export interface ProcessIdentity {
  pid: number;
  /** Start time, in the system's own unit. */
  started: string | null;
  /** Namespace of the process number. Every container has its own. */
  pid_namespace: string | null;
  /** Identifier of the system's boot. Changes with a restart, and differs between machines. */
  boot_id: string | null;
  host: string;
}

let own: ProcessIdentity | undefined;

/** Returns the identity of this process. */
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
 * Returns whether a process with a recorded identity still runs. `elsewhere`: it ran on another machine, or before this
 * system was started. `hidden`: it may run in another container, or only its number is known and a process has it.
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

/** Reads an identity from untrusted data. */
export function asIdentity(value: Record<string, unknown> | null): ProcessIdentity | null {
  if (value === null || !Number.isSafeInteger(value.pid) || (value.pid as number) <= 0) return null;
  const texts = [value.started, value.pid_namespace, value.boot_id];
  if (typeof value.host !== "string" || !texts.every((text) => text === null || typeof text === "string")) return null;
  return value as unknown as ProcessIdentity;
}

/** Reads the 22nd field of the line. The name before it may contain spaces and parentheses. */
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
