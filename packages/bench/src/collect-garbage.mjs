import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Collects all garbage, and returns the heap that is still in use, in bytes. @returns {number} */
export function collectGarbage() {
  setFlagsFromString("--expose-gc");
  /** @type {() => void} */
  const collect = runInNewContext("gc");
  collect();
  return process.memoryUsage().heapUsed;
}
