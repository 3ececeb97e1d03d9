import { setFlagsFromString } from "node:v8";

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
