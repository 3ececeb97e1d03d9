import { allowedCpus } from "../cpu/cpu-numbers.js";
import type { Machine } from "../machine.js";
import { readOrNull } from "../read-or-null.js";

/** Accumulated use of the processors at a moment, in total and by this process. */
export interface ProcessorUse {
  /** Busy ticks of the processors that this process may use. */
  busyTicks: number;
  totalTicks: number;
  processors: number;
  ownSeconds: number;
  atSeconds: number;
}

/** user, nice, system, idle, iowait, irq, softirq, steal. Guests are counted in the first two. Source: proc_stat(5). */
const FIELDS = 8;
const IDLE_FIELDS = new Set([3, 4]);

/** Reads the use of the processors so far; null if the system does not report it, as on Android. */
export async function readProcessorUse(machine: Machine): Promise<ProcessorUse | null> {
  const text = await readOrNull(machine, "/proc/stat");
  if (text === null) return null;
  const allowed = (await allowedCpus(machine))?.numbers;
  let [busyTicks, totalTicks, processors] = [0, 0, 0];
  for (const [, number, rest = ""] of text.matchAll(/^cpu(\d{1,5}) ([\d ]+)$/gm)) {
    if (allowed !== undefined && !allowed.includes(Number(number))) continue;
    const ticks = rest.trim().split(/ +/).slice(0, FIELDS).map(Number);
    if (ticks.length < FIELDS || !ticks.every(Number.isSafeInteger)) continue;
    processors += 1;
    totalTicks += ticks.reduce((sum, count) => sum + count, 0);
    busyTicks += ticks.reduce((sum, count, index) => (IDLE_FIELDS.has(index) ? sum : sum + count), 0);
  }
  if (processors === 0) return null;
  const { user, system } = process.cpuUsage();
  return { busyTicks, totalTicks, processors, ownSeconds: (user + system) / 1e6, atSeconds: performance.now() / 1000 };
}

/** Returns the share of processor time used by other processes, from 0 to 1; null if unknown. */
export function othersShare(before: ProcessorUse | null, after: ProcessorUse | null): number | null {
  if (before === null || after === null || before.processors !== after.processors) return null;
  const ticks = after.totalTicks - before.totalTicks;
  const seconds = after.atSeconds - before.atSeconds;
  if (ticks <= 0 || seconds <= 0) return null;
  const busy = (after.busyTicks - before.busyTicks) / ticks;
  const own = (after.ownSeconds - before.ownSeconds) / (seconds * after.processors);
  return Math.min(1, Math.max(0, busy - own));
}
