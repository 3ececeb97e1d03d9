import { BYTES_PER_MB } from "@nanoagent/models";
import type { EngineCgroup } from "../../memory/engine-cgroup.js";

/** Margin of RLIMIT_DATA above the planned reservation. Allocators round up, and Node's heap varies. */
const LIMIT_MARGIN_SHARE = 0.25;
const LIMIT_MARGIN_BYTES = 48 * BYTES_PER_MB;

/** RLIMIT_DATA of an engine's process. */
export interface DataLimit {
  bytes: number;
  reservedCodeBytes: number;
}

/** Returns RLIMIT_DATA for an engine that reserves this many bytes. */
export function dataLimitFor(bytes: number): number {
  return Math.ceil(bytes * (1 + LIMIT_MARGIN_SHARE) + LIMIT_MARGIN_BYTES);
}

/** Describes the limits of an engine's process. */
export function describeLimits(load: { group: EngineCgroup | null; dataLimit: DataLimit | null } | null): string {
  if (load === null) return "not loaded";
  const parts = load.group === null ? [] : [load.group.description];
  if (load.dataLimit !== null) parts.push(describeDataLimit(load.dataLimit));
  else if (process.platform === "linux") parts.push("no RLIMIT_DATA (needs /bin/sh)");
  return [...parts, "checked four times a second"].join("; ");
}

/** Describes the limit, naming the part that Node only reserves for code. The kernel counts it as used. */
function describeDataLimit({ bytes, reservedCodeBytes }: DataLimit): string {
  const share = `RLIMIT_DATA at ${Math.floor((bytes - reservedCodeBytes) / BYTES_PER_MB)} MB`;
  if (reservedCodeBytes === 0) return share;
  return `${share} plus the ${reservedCodeBytes / BYTES_PER_MB} MB that Node reserves for code`;
}
