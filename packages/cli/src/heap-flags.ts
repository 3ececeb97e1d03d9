import { setFlagsFromString } from "node:v8";
import type { EngineType } from "@nanoagent/runtime/program";

/** Newest Node whose V8 is known to have these flags. */
const LAST_KNOWN_NODE = 26;

/**
 * Sets flags of V8, such as `--no-maglev`. Modules of Node that are loaded later start more slowly: their compiled code
 * was built with other flags. Does nothing on a newer Node, whose V8 would complain on stderr about a flag it lacks.
 */
export function setHeapFlags(...flags: string[]): void {
  if (Number.parseInt(process.versions.node, 10) > LAST_KNOWN_NODE) return;
  for (const flag of flags) setFlagsFromString(flag);
}

/**
 * Keeps V8 from growing by more than the program holds. Call it when the modules of Node that the program needs are
 * loaded.
 */
export async function boundHeap(engineType: EngineType): Promise<void> {
  // Modules that start a process are loaded before the flags change.
  if (engineType === "llama") await import("node:child_process");
  // The space for new objects may grow to 32 MB before V8 looks for what is left of it: more than all that we hold.
  // One of V8's compilers takes 10 MB for what this program, which waits for people and models, gains nothing by.
  // By default, V8 may let garbage grow to several times the size of the live objects before it collects it.
  setHeapFlags("--semi-space-growth-factor=1", "--heap-growing-percent=30", "--no-maglev");
}
