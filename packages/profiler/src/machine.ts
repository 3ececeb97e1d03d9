/** Default limit of a read, many times the size of any file that is read. */
export const DEFAULT_MAX_READ_BYTES = 65_536;

/**
 * The only interface to the operating system. All facts about a device are read through it, so a recorded or artificial
 * machine can replace the real one.
 *
 * - Nothing is cached: each read accesses the system.
 * - Reads are bounded and do not wait for data: anything but a regular file or a directory is refused without opening
 *   it.
 * - A failed read rejects with `MachineReadError`, whose `errno` is the system's error code.
 * - `exists` and `mayOpen` never reject.
 * - A figure that the system does not know can be 0, negative or NaN: readers must check it.
 */
export interface Machine {
  /** Name of the operating system as in Node: `linux`, `android`, `darwin`, `win32`. */
  readonly platform: string;
  /** Machine type as in `uname -m`: `x86_64`, `aarch64`. */
  readonly machineType: string;
  /** Environment variables, with the system's rules for the case of names. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** RAM as reported by the operating system. */
  readonly totalMemoryBytes: number;
  /**
   * Available memory as reported by the operating system, without regard to cgroups. macOS reports only unused memory,
   * without the caches that it could free.
   */
  readonly availableMemoryBytes: number;
  /** Number of CPUs that this process may use. */
  readonly cpuCount: number;
  /** Returns the first `maxBytes` of a file as UTF-8. Invalid byte sequences become U+FFFD. */
  readText(path: string, maxBytes?: number): Promise<string>;
  /** Returns the names of the entries of a folder, sorted. */
  listDirectory(path: string): Promise<string[]>;
  /**
   * Returns the bytes that this user can still write to the file system of a path. Rejects with `MachineReadError`.
   */
  readFreeBytes(path: string): Promise<number>;
  /**
   * Runs a vendor tool for at most two seconds and returns its output, up to 64 KB. Rejects with `MachineReadError`: `ENOENT` for a missing tool, `ETIMEDOUT`, or `EIO` if the tool fails.
   */
  runTool(name: string, args: readonly string[]): Promise<string>;
  /** Whether the path exists. False if that is unknown. Opens nothing. */
  exists(path: string): Promise<boolean>;
  /**
   * Whether this process may read and write the path. Null if it does not exist or that is unknown. Opens nothing.
   */
  mayOpen(path: string): Promise<boolean | null>;
}
