import type { Fact } from "@nanoagent/models";
import { certain, factOf, likely } from "../details/fact.js";
import { knownValue } from "../details/known-value.js";
import type { Machine } from "../machine.js";
import { allowedCpus } from "./cpu-numbers.js";
import { readCpuQuota } from "./read-cpu-quota.js";

/** Returns the processor time that affinity, cpusets and quotas leave to this process, in cores, such as 0.5 or 4. */
export async function readUsableCores(machine: Machine): Promise<Fact<number>> {
  const allowed = await allowedCpus(machine);
  const count = allowed?.numbers.length ?? knownCount(machine);
  const quota = await readCpuQuota(machine);
  if (quota !== null && quota.cores < count) return certain(quota.cores, quota.source);
  return allowed === null ? likely(count, "the operating system") : certain(count, allowed.source);
}

/**
 * Returns the number of threads that can run at the same time, at least 1. With more threads than a quota allows, all
 * of them are paused until its next period. All code that chooses a number of threads starts from this figure.
 */
export async function countUsableCores(machine: Machine): Promise<number> {
  const cores = knownValue(await factOf(() => readUsableCores(machine))) ?? knownCount(machine);
  return Math.max(1, Math.min(knownCount(machine), Math.ceil(cores)));
}

function knownCount({ cpuCount }: Machine): number {
  return Number.isSafeInteger(cpuCount) ? Math.max(1, cpuCount) : 1;
}
