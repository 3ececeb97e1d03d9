import { numberList } from "../details/number-list.js";
import type { Machine } from "../machine.js";
import { readOrNull } from "../read-or-null.js";

const CPU = "/sys/devices/system/cpu";

/** Returns the numbers of the online processors. Phones switch processors on and off, so numbers can have gaps. */
export async function onlineCpus(machine: Machine): Promise<{ numbers: number[]; source: string } | null> {
  for (const name of ["online", "present"]) {
    const text = await readOrNull(machine, `${CPU}/${name}`);
    const numbers = text === null ? null : numberList(text);
    if (numbers !== null && numbers.length > 0) return { numbers, source: `${CPU}/${name}` };
  }
  return null;
}

/** Returns the numbers of the processors that affinity and cpuset allow for this process. */
export async function allowedCpus(machine: Machine): Promise<{ numbers: number[]; source: string } | null> {
  const status = (await readOrNull(machine, "/proc/self/status")) ?? "";
  const numbers = numberList(/^Cpus_allowed_list:\s*(\S+)/m.exec(status)?.[1] ?? "");
  return numbers === null || numbers.length === 0 ? null : { numbers, source: "/proc/self/status Cpus_allowed_list" };
}
