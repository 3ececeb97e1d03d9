import type { EdgeDevice } from "./edge-device.js";

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
  /** Null where only a vendor's tool tells; that of `unified` is the system's. */
  memory_bytes: number | null;
  /** Whether this process may use it: its device file can be opened. Null where that is not known. */
  is_accessible: boolean | null;
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

/** A device with all that was found out about it. */
export interface ProfiledDevice extends EdgeDevice {
  details: DeviceDetails;
}
