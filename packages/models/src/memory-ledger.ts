import * as z from "zod/mini";
import { defineSchema } from "./define-schema.js";
import { count } from "./field-types.js";
import type { Schema } from "./schema.js";
import { whenFirstUsed } from "./when-first-used.js";

/** `pinned`: allocated memory. `evictable`: pages of a mapped file. `transient`: needed only while loading. */
export type LedgerLineKind = "pinned" | "evictable" | "transient";

/** Part of the memory that a model needs. */
export interface LedgerLine {
  /** `weights`, `kv-cache`, `compute-buffer`, `process`. */
  name: string;
  kind: LedgerLineKind;
  /** Allocated memory. RLIMIT_DATA counts it. */
  reserved_bytes: number;
  /** Memory in use. RSS and cgroups count it. */
  resident_bytes: number;
  /** How the figure is computed, so that a person can check it by hand. */
  explanation: string;
}

/** Memory that a model needs, with sums. `peak` includes the transient lines, `steady` does not. */
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
