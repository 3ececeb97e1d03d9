import { isLinux } from "../is-linux.js";
import type { Machine } from "../machine.js";
import { readOrNull } from "../read-or-null.js";

const MAX_STAT_BYTES = 4096;
/** Position of `majflt` after the program name, which can contain spaces and parentheses. */
const MAJOR_FAULTS_AFTER_NAME = 9;

/**
 * Returns how often a process has waited for a page from storage since its start (`/proc/<pid>/stat`). Null if the
 * process does not exist or the system does not report it. Never rejects.
 */
export async function readMajorFaults(machine: Machine, pid: number): Promise<number | null> {
  if (!isLinux(machine) || !Number.isSafeInteger(pid) || pid <= 0) return null;
  const text = (await readOrNull(machine, `/proc/${pid}/stat`, MAX_STAT_BYTES)) ?? "";
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const faults = Number(fields[MAJOR_FAULTS_AFTER_NAME]);
  return text.includes(")") && Number.isSafeInteger(faults) && faults >= 0 ? faults : null;
}
