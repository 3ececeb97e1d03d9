import { readdirSync, readFileSync } from "node:fs";
import type { ProcessWork } from "./signs-of-life.js";

/** Linux reports processor time in units of 1/100 s, whatever the kernel's own clock rate is. */
const MILLISECONDS_PER_TICK = 10;

/** Reads the work of a process from the kernel. Null where the system does not report it. */
export function readProcessWork(processId: number): ProcessWork | null {
  if (process.platform !== "linux") return null;
  const folder = `/proc/${processId}`;
  try {
    const { cpuMilliseconds, pageFaults } = readStatistics(`${folder}/stat`);
    const main = readStatistics(`${folder}/task/${processId}/stat`);
    return {
      cpuMilliseconds,
      pageFaults,
      mainThreadMilliseconds: main.cpuMilliseconds,
      bytesWritten: readBytesWritten(`${folder}/io`),
      waitsForDisk: () => hasWaitingThread(`${folder}/task`),
    };
  } catch {
    return null;
  }
}

function readStatistics(file: string): { state: string; cpuMilliseconds: number; pageFaults: number } {
  // The program name is in parentheses and may contain any character.
  const [state = "", ...fields] = readFileSync(file, "latin1")
    .replace(/^.*\) /s, "")
    .split(" ");
  const [minorFaults = 0, , majorFaults = 0, , userTicks = 0, systemTicks = 0] = fields.slice(6).map(Number);
  return {
    state,
    cpuMilliseconds: (userTicks + systemTicks) * MILLISECONDS_PER_TICK,
    pageFaults: minorFaults + majorFaults,
  };
}

/** Bytes written to file systems, or 0 if the kernel does not count them. */
function readBytesWritten(file: string): number {
  try {
    return Number(/^write_bytes: (\d+)$/m.exec(readFileSync(file, "latin1"))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

/** Whether a thread is in uninterruptible sleep (state `D`), which waits for a device, as in an `fsync`. */
function hasWaitingThread(tasks: string): boolean {
  return readdirSync(tasks).some((thread) => {
    try {
      return readStatistics(`${tasks}/${thread}/stat`).state === "D";
    } catch {
      return false;
    }
  });
}
