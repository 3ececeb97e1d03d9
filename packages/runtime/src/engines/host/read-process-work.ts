import { readdirSync, readFileSync } from "node:fs";
import type { ProcessWork } from "./signs-of-life.js";

/** Linux counts processor time in hundredths of a second for every program, whatever its own clock is. */
const MILLISECONDS_PER_TICK = 10;

/** Reads the work of a process from the kernel; null where the system does not report it. */
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
  // The name of the program stands in parentheses and may contain any character.
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

/** Bytes that were given to file systems; 0 where the kernel does not count them. */
function readBytesWritten(file: string): number {
  try {
    return Number(/^write_bytes: (\d+)$/m.exec(readFileSync(file, "latin1"))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

/** Whether one of the threads is in the sleep that waits for a device (state `D`), as in an `fsync`. */
function hasWaitingThread(tasks: string): boolean {
  return readdirSync(tasks).some((thread) => {
    try {
      return readStatistics(`${tasks}/${thread}/stat`).state === "D";
    } catch {
      return false;
    }
  });
}
