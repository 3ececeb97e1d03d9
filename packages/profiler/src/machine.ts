/** What a read returns at most when the caller sets no limit: many times what any file asked for here holds. */
export const DEFAULT_MAX_READ_BYTES = 65_536;

/**
 * The one door to the operating system: every fact about a device comes through it, so a recorded or invented machine
 * can stand in for the real one.
 *
 * - Nothing is cached: each read asks again.
 * - Reads are bounded and do not wait for data: what is neither a regular file nor a directory is refused unopened.
 * - A read that fails rejects with {@link MachineReadError}, whose `errno` is the system's name of the fault.
 * - `exists` and `mayOpen` never reject.
 * - A figure that the system does not know may be 0, negative or not a number: readers check it.
 */
export interface Machine {
  /** The operating system by Node's name: `linux`, `android`, `darwin`, `win32`. */
  readonly platform: string;
  /** The machine type as `uname -m` has it: `x86_64`, `aarch64`. */
  readonly machineType: string;
  /** Environment variables; names as the system compares them. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** RAM as the operating system states it. */
  readonly totalMemoryBytes: number;
  /**
   * Memory that could be taken now, as the operating system states it; it knows of no cgroup. macOS states what lies
   * unused and leaves out the caches that it would give back.
   */
  readonly availableMemoryBytes: number;
  /** CPUs that this process may run on. */
  readonly cpuCount: number;
  /** The first `maxBytes` of a file as UTF-8; a byte sequence that is none becomes U+FFFD. */
  readText(path: string, maxBytes?: number): Promise<string>;
  /** Names of what is in a folder, sorted. */
  listDirectory(path: string): Promise<string[]>;
  /** Bytes that this user may still write to the file system at this path. Rejects with {@link MachineReadError}. */
  readFreeBytes(path: string): Promise<number>;
  /**
   * What a vendor's tool prints, to 64 KB; it is ended after two seconds. Rejects with {@link MachineReadError}: `ENOENT`
   * where there is no such tool, `ETIMEDOUT`, or `EIO` where it fails.
   */
  runTool(name: string, args: readonly string[]): Promise<string>;
  /** Is there something at this path? False as well where that cannot be known. Opens nothing. */
  exists(path: string): Promise<boolean>;
  /**
   * May this process read and write what is at this path? Null where nothing is there or that cannot be known. Opens
   * nothing.
   */
  mayOpen(path: string): Promise<boolean | null>;
}
