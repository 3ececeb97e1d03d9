import * as z from "zod/mini";
import { defineSchema } from "./define-schema.js";
import { count } from "./field-types.js";
import type { Schema } from "./schema.js";
import { whenFirstUsed } from "./when-first-used.js";

/** `pinned`: anonymous memory; `evictable`: pages of a mapped file; `transient`: held only while loading. */
export type LedgerLineKind = "pinned" | "evictable" | "transient";

/** One part of what loading and running a model costs. */
export interface LedgerLine {
  /** `weights`, `kv-cache`, `compute-buffer`, `process`. */
  name: string;
  kind: LedgerLineKind;
  /** What is allocated: RLIMIT_DATA counts it. */
  reserved_bytes: number;
  /** What is touched: RSS and cgroups count it. */
  resident_bytes: number;
  /** How the figure comes about, so that a person can check it by hand. */
  explanation: string;
}

/** The whole sum. `peak` includes the transient lines, `steady` does not. */
export interface MemoryLedger {
  lines: LedgerLine[];
  steady_reserved_bytes: number;
  steady_resident_bytes: number;
  peak_reserved_bytes: number;
  peak_resident_bytes: number;
}

export const memoryLedgerSource = whenFirstUsed(() =>
  z.strictObject({
    lines: z.array(
      z.strictObject({
        name: z.string().check(z.minLength(1)),
        kind: z.enum(["pinned", "evictable", "transient"]),
        reserved_bytes: count(),
        resident_bytes: count(),
        explanation: z.string(),
      }),
    ),
    steady_reserved_bytes: count(),
    steady_resident_bytes: count(),
    peak_reserved_bytes: count(),
    peak_resident_bytes: count(),
  }),
);

export const MemoryLedger: Schema<MemoryLedger> = defineSchema<MemoryLedger, MemoryLedger>(memoryLedgerSource);
