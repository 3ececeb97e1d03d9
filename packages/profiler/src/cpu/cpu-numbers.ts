import { numberList } from "../details/number-list.js";
import type { Machine } from "../machine.js";
import { readOrNull } from "../read-or-null.js";

const CPU = "/sys/devices/system/cpu";

/** The processors that are switched on, by number: phones switch them off and on, and numbers may have gaps. */
export async function onlineCpus(machine: Machine): Promise<{ numbers: number[]; source: string } | null> {
  for (const name of ["online", "present"]) {
    const text = await readOrNull(machine, `${CPU}/${name}`);
    const numbers = text === null ? null : numberList(text);
    if (numbers !== null && numbers.length > 0) return { numbers, source: `${CPU}/${name}` };
  }
  return null;
}

/** Those of them that this process may run on: affinity and cpuset together. */
export async function allowedCpus(machine: Machine): Promise<{ numbers: number[]; source: string } | null> {
  const status = (await readOrNull(machine, "/proc/self/status")) ?? "";
  const numbers = numberList(/^Cpus_allowed_list:\s*(\S+)/m.exec(status)?.[1] ?? "");
  return numbers === null || numbers.length === 0 ? null : { numbers, source: "/proc/self/status Cpus_allowed_list" };
}
