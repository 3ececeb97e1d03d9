/** How much memory there is for this process at one moment. */
export interface MemoryReading {
  /** The machine's RAM. */
  total_bytes: number;
  /** What could be taken now without swapping, under every limit that binds this process. */
  available_bytes: number;
  /** Memory that the machine has available, whatever the process's own limits are, in bytes. Default: `available_bytes`. */
  machine_available_bytes?: number | undefined;
  /** The tightest limit that binds this process (a cgroup's), or null where there is none. */
  limit_bytes: number | null;
  /** Where the limit comes from: `cgroup v2 /system.slice/a.service`; null where there is none. */
  limit_source: string | null;
  /** Share of the last ten seconds in which something waited for memory, in percent; null where it is not told. */
  pressure_percent: number | null;
}

/** Reads how much memory there is. `@nanoagent/profiler` has one; an app may pass in its own. Never rejects. */
export interface MemoryProbe {
  read(): Promise<MemoryReading>;
}
