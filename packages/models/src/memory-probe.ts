/** Memory that is available to this process at one moment. */
export interface MemoryReading {
  /** RAM of the machine. */
  total_bytes: number;
  /** Memory that can be allocated now without swapping, within all limits on this process. */
  available_bytes: number;
  /** Available memory of the machine, regardless of limits on this process. Default: `available_bytes`. */
  machine_available_bytes?: number | undefined;
  /** Tightest limit on this process, such as a cgroup's; null if there is none. */
  limit_bytes: number | null;
  /** Source of the limit: `cgroup v2 /system.slice/a.service`; null if there is none. */
  limit_source: string | null;
  /** Share of the last ten seconds in which some task waited for memory, in percent. Null: unknown. */
  pressure_percent: number | null;
}

/** Reads how much memory is available. `@nanoagent/profiler` has one; an app may bring its own. Never rejects. */
export interface MemoryProbe {
  read(): Promise<MemoryReading>;
}
