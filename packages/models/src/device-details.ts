import * as z from "zod/mini";
import { positiveInteger } from "./field-types.js";
import { whenFirstUsed } from "./when-first-used.js";

/** `certain`: the system states it; `likely`: it follows from what the system states; `declared`: somebody said so. */
export type FactConfidence = "certain" | "likely" | "declared";

/** One thing that is known of a device and where it was read, or why it is not known. Unknown is never 0. */
export type Fact<Value> = { value: Value; source: string; confidence: FactConfidence } | { error: string };

/** Cores of one kind. */
export interface CoreCluster {
  /** `Cortex-A76`, or the kind as the system numbers it. */
  name: string;
  /** The cores' numbers. */
  cores: number[];
  /** Of the fastest cores, which have 1024; null where it is not told. */
  capacity: number | null;
  max_mhz: number | null;
}

export interface CpuCache {
  level: number;
  type: string;
  size_bytes: number;
  /** How many there are of them. */
  count: number;
}

export interface GpuDetails {
  vendor: string;
  name: string | null;
  driver: string | null;
  /** `unified`: its memory is the system's. */
  memory: "unified" | "dedicated";
  /**
   * Its own: of `dedicated` all, of `unified` what is set apart for it at the start. Null where there is none or only a
   * vendor's tool tells.
   */
  memory_bytes: number | null;
  /** What it may take of the system's memory, where its driver sets a limit: AMD's GTT. */
  shared_memory_bytes: number | null;
  /** Whether this process may open its device file. Null where that is not known. */
  is_accessible: boolean | null;
  /** Engines of nanoagent that can use it: none so far. */
  usable_by: string[];
}

export interface NpuDetails {
  name: string;
  /** Engines of nanoagent that can use it: none so far. */
  usable_by: string[];
}

/** All that could be found out about a device, by room. */
export interface DeviceDetails {
  memory: {
    total_bytes: Fact<number>;
    available_bytes: Fact<number>;
    /** The tightest limit that binds this process; the value null: there is none. */
    limit_bytes: Fact<number | null>;
    swap_bytes: Fact<number>;
    /** Compressed memory used as swap; weights do not compress, so it is no memory for a model. */
    zram_bytes: Fact<number>;
    page_size_bytes: Fact<number>;
  };
  cpu: {
    model: Fact<string>;
    cores_online: Fact<number>;
    /** What this process may use: affinity and cpuset count whole cores, a quota parts of them. */
    usable_cores: Fact<number>;
    physical_cores: Fact<number>;
    /** The kinds of cores, the fastest first. */
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
    /** `docker`, `kubernetes`, `lxc`, …; the value null: none. */
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
    /** Where the data would lie. */
    path: Fact<string>;
    kind: Fact<string>;
    free_bytes: Fact<number>;
    is_read_only: Fact<boolean>;
    /** Whether what is written is gone after a restart. */
    is_volatile: Fact<boolean>;
    /** Used share of the life of flash, in percent, as the device states it. */
    wear_percent: Fact<number>;
  };
}

/** What somebody says of a device, by room: parts of {@link DeviceDetails}. */
export type DeclaredDetails = {
  [Room in keyof DeviceDetails]?:
    | { [Name in keyof DeviceDetails[Room]]?: DeviceDetails[Room][Name] | undefined }
    | undefined;
};

/** The same as a person writes it: `{ value: 2 }` will do. */
export type DeclaredDetailsInput = {
  [Room in keyof DeviceDetails]?:
    | { [Name in keyof DeviceDetails[Room]]?: DeclaredFact<DeviceDetails[Room][Name]> | undefined }
    | undefined;
};

type DeclaredFact<Known> = Known extends { value: infer Value }
  ? { value: Value; source?: string | undefined; confidence?: FactConfidence | undefined }
  : Known;

/** `id` names it in JSON Schemas, which state each kind of fact once. */
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

/** Made when a device with details is checked for the first time: most never have any. */
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
