import * as z from "zod/mini";
import { positiveInteger } from "./field-types.js";
import { whenFirstUsed } from "./when-first-used.js";

/** `certain`: reported by the system. `likely`: derived from other facts. `declared`: stated by a person. */
export type FactConfidence = "certain" | "likely" | "declared";

/** A value with its source, or the reason why it is unknown. An unknown number is never 0. */
export type Fact<Value> = { value: Value; source: string; confidence: FactConfidence } | { error: string };

/** Cores of one kind. */
export interface CoreCluster {
  /** Kind of core: `Cortex-A76`, or the system's number for it. */
  name: string;
  /** Numbers of the cores. */
  cores: number[];
  /** Speed relative to the fastest core, which has 1024. Null: unknown. */
  capacity: number | null;
  max_mhz: number | null;
}

export interface CpuCache {
  level: number;
  type: string;
  size_bytes: number;
  /** Number of caches of this kind. */
  count: number;
}

export interface GpuDetails {
  vendor: string;
  name: string | null;
  driver: string | null;
  /** `unified`: the GPU uses the system's RAM. */
  memory: "unified" | "dedicated";
  /**
   * Memory of the GPU: all of a dedicated GPU's, or the part of RAM that is reserved at boot. Null: none, or known only
   * to the vendor's tools.
   */
  memory_bytes: number | null;
  /** System RAM that the GPU may use, where its driver sets a limit (AMD's GTT). */
  shared_memory_bytes: number | null;
  /** Whether this process may open the GPU's device file. Null: unknown. */
  is_accessible: boolean | null;
  /** Engines that can use it. Always empty so far. */
  usable_by: string[];
}

export interface NpuDetails {
  name: string;
  /** Engines that can use it. Always empty so far. */
  usable_by: string[];
}

/** Facts about a device, by topic. */
export interface DeviceDetails {
  memory: {
    total_bytes: Fact<number>;
    available_bytes: Fact<number>;
    /** Tightest memory limit on this process. A value of null: no limit. */
    limit_bytes: Fact<number | null>;
    swap_bytes: Fact<number>;
    /** Compressed RAM that serves as swap. Model weights do not compress, so it does not make room for them. */
    zram_bytes: Fact<number>;
    page_size_bytes: Fact<number>;
  };
  cpu: {
    model: Fact<string>;
    cores_online: Fact<number>;
    /** Cores that this process may use. Affinity and cpusets count whole cores; a CPU quota can be a fraction. */
    usable_cores: Fact<number>;
    physical_cores: Fact<number>;
    /** Groups of equal cores, the fastest group first. */
    clusters: Fact<CoreCluster[]>;
    features: Fact<string[]>;
    caches: Fact<CpuCache[]>;
    is_emulated: Fact<boolean>;
  };
  accelerators: { gpus: Fact<GpuDetails[]>; npus: Fact<NpuDetails[]> };
  board: { model: Fact<string>; soc: Fact<string> };
  system: {
    kernel: Fact<string>;
    libc: Fact<string>;
    /** `docker`, `kubernetes`, `lxc`, …. A value of null: not in a container. */
    container: Fact<string | null>;
    virtual_machine: Fact<string | null>;
  };
  thermal: {
    temperature_celsius: Fact<number>;
    is_throttled: Fact<boolean>;
    was_throttled_since_boot: Fact<boolean>;
  };
  power: { source: Fact<"mains" | "battery">; battery_percent: Fact<number>; is_undervolted: Fact<boolean> };
  storage: {
    /** Folder that these facts are about. */
    path: Fact<string>;
    kind: Fact<string>;
    free_bytes: Fact<number>;
    is_read_only: Fact<boolean>;
    /** Whether files are lost at a restart. */
    is_volatile: Fact<boolean>;
    /** Used part of the flash memory's rated lifetime, in percent, as the device reports it. */
    wear_percent: Fact<number>;
  };
}

/** Facts that a person states about a device: parts of {@link DeviceDetails}. */
export type DeclaredDetails = {
  [Room in keyof DeviceDetails]?:
    | { [Name in keyof DeviceDetails[Room]]?: DeviceDetails[Room][Name] | undefined }
    | undefined;
};

/** {@link DeclaredDetails} as written in a file, where `{ value: 2 }` is enough. */
export type DeclaredDetailsInput = {
  [Room in keyof DeviceDetails]?:
    | { [Name in keyof DeviceDetails[Room]]?: DeclaredFact<DeviceDetails[Room][Name]> | undefined }
    | undefined;
};

type DeclaredFact<Known> = Known extends { value: infer Value }
  ? { value: Value; source?: string | undefined; confidence?: FactConfidence | undefined }
  : Known;

/** Schema of a fact. `id` names its definition in JSON Schemas. */
function fact(id: string, value: z.ZodMiniType) {
  const known = z.strictObject({
    value,
    source: z._default(z.string(), "declared"),
    confidence: z._default(z.enum(["certain", "likely", "declared"]), "declared"),
  });
  return z.optional(z.union([known, z.strictObject({ error: z.string() })]).check(z.meta({ id: `${id}Fact` })));
}

const room = (facts: Record<string, z.ZodMiniType>) => z.optional(z.strictObject(facts));

const coreCluster = () =>
  z.strictObject({
    name: z.string(),
    cores: z.array(z.int().check(z.minimum(0))),
    capacity: z.nullable(z.number()),
    max_mhz: z.nullable(z.number()),
  });
const cpuCache = () =>
  z.strictObject({
    level: positiveInteger(),
    type: z.string(),
    size_bytes: positiveInteger(),
    count: positiveInteger(),
  });
const gpuDetails = () =>
  z.strictObject({
    vendor: z.string(),
    name: z.nullable(z.string()),
    driver: z.nullable(z.string()),
    memory: z.enum(["unified", "dedicated"]),
    memory_bytes: z.nullable(z.int().check(z.minimum(0))),
    shared_memory_bytes: z.nullable(z.int().check(z.minimum(0))),
    is_accessible: z.nullable(z.boolean()),
    usable_by: z.array(z.string()),
  });
const npuDetails = () => z.strictObject({ name: z.string(), usable_by: z.array(z.string()) });

/** Created on the first check of a device with details, which most devices do not have. */
export const deviceDetailsSource = whenFirstUsed(() => {
  const amount = z.int().check(z.minimum(0));
  const [bytes, flag, text] = [fact("Bytes", amount), fact("Flag", z.boolean()), fact("Text", z.string())];
  const [count, textOrNone] = [fact("Count", positiveInteger()), fact("TextOrNone", z.nullable(z.string()))];
  const percent = fact("Percent", z.number().check(z.minimum(0), z.maximum(100)));
  const details = z.strictObject({
    memory: room({
      total_bytes: bytes,
      available_bytes: bytes,
      limit_bytes: fact("BytesOrNone", z.nullable(amount)),
      swap_bytes: bytes,
      zram_bytes: bytes,
      page_size_bytes: bytes,
    }),
    cpu: room({
      model: text,
      cores_online: count,
      usable_cores: fact("Cores", z.number().check(z.minimum(0))),
      physical_cores: count,
      clusters: fact("Clusters", z.array(coreCluster())),
      features: fact("Texts", z.array(z.string())),
      caches: fact("Caches", z.array(cpuCache())),
      is_emulated: flag,
    }),
    accelerators: room({ gpus: fact("Gpus", z.array(gpuDetails())), npus: fact("Npus", z.array(npuDetails())) }),
    board: room({ model: text, soc: text }),
    system: room({
      kernel: text,
      libc: text,
      container: textOrNone,
      virtual_machine: textOrNone,
    }),
    thermal: room({
      temperature_celsius: fact("Temperature", z.number()),
      is_throttled: flag,
      was_throttled_since_boot: flag,
    }),
    power: room({
      source: fact("PowerSource", z.enum(["mains", "battery"])),
      battery_percent: percent,
      is_undervolted: flag,
    }),
    storage: room({
      path: text,
      kind: text,
      free_bytes: bytes,
      is_read_only: flag,
      is_volatile: flag,
      wear_percent: percent,
    }),
  });
  return details.check(z.meta({ id: "DeviceDetails" })) as unknown as z.ZodMiniType<
    DeclaredDetails,
    DeclaredDetailsInput
  >;
});
