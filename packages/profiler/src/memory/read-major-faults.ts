import { isLinux } from "../is-linux.js";
import type { Machine } from "../machine.js";
import { readOrNull } from "../read-or-null.js";

const MAX_STAT_BYTES = 4096;
/** `majflt` is the twelfth field; the ninth behind the program's name, which may itself hold spaces and parentheses. */
const MAJOR_FAULTS_AFTER_NAME = 9;

/**
 * How often the process `pid` has waited for a page to be read from storage, since it began (`/proc/<pid>/stat`). Null
 * where there is no such process or the system does not tell. Never rejects.
 */
export async function readMajorFaults(machine: Machine, pid: number): Promise<number | null> {
  if (!isLinux(machine) || !Number.isSafeInteger(pid) || pid <= 0) return null;
  const text = (await readOrNull(machine, `/proc/${pid}/stat`, MAX_STAT_BYTES)) ?? "";
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const faults = Number(fields[MAJOR_FAULTS_AFTER_NAME]);
  return text.includes(")") && Number.isSafeInteger(faults) && faults >= 0 ? faults : null;
}
