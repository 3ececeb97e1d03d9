import { DEFAULT_MAX_READ_BYTES, type Machine } from "../machine.js";
import { MachineReadError } from "../machine-read-error.js";

/** The text of a file, or the error of reading or listing it: `{ errno: "EACCES" }`. */
export type FixtureFile = string | { readonly errno: string };

/** Contents of a {@link FixtureMachine}. */
export interface FixtureMachineContents {
  /** Operating system as named by Node. Default: `linux`. */
  platform?: string | undefined;
  /** Machine type as in `uname -m`. Default: `x86_64`. */
  machineType?: string | undefined;
  /**
   * Files by absolute path, which imply their folders. A path that ends in a slash is an empty folder.
   * Default: no files, so that every read fails with ENOENT.
   */
  files?: Readonly<Record<string, FixtureFile>> | undefined;
  /** Default: empty. */
  environment?: Readonly<Record<string, string | undefined>> | undefined;
  /** Default: 0, which stands for unknown. */
  totalMemoryBytes?: number | undefined;
  /** Default: 0, which stands for unknown. */
  availableMemoryBytes?: number | undefined;
  /** Default: 1. */
  cpuCount?: number | undefined;
  /** Free bytes of every file system. Default: unknown. */
  freeBytes?: number | undefined;
  /**
   * Output of tools by their complete command: `{ "vcgencmd get_throttled": "throttled=0x0\n" }`. Default: no tools.
   */
  tools?: Readonly<Record<string, string>> | undefined;
}

/** A machine in memory, for tests and recorded devices. On `win32`, paths are compared as on Windows. */
export class FixtureMachine implements Machine {
  readonly platform: string;
  readonly machineType: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly totalMemoryBytes: number;
  readonly availableMemoryBytes: number;
  readonly cpuCount: number;
  readonly #freeBytes: number | undefined;
  readonly #tools: Readonly<Record<string, string>>;
  /** Written path and file, by comparable path. */
  readonly #files: ReadonlyMap<string, { path: string; file: FixtureFile }>;

  constructor(contents: FixtureMachineContents = {}) {
    this.platform = contents.platform ?? "linux";
    this.machineType = contents.machineType ?? "x86_64";
    this.environment = contents.environment ?? {};
    this.totalMemoryBytes = contents.totalMemoryBytes ?? 0;
    this.availableMemoryBytes = contents.availableMemoryBytes ?? 0;
    this.cpuCount = contents.cpuCount ?? 1;
    this.#freeBytes = contents.freeBytes;
    this.#tools = contents.tools ?? {};
    const files = Object.entries(contents.files ?? {});
    this.#files = new Map(files.map(([path, file]) => [this.#comparable(path), { path: this.#slashed(path), file }]));
  }

  async readText(path: string, maxBytes: number = DEFAULT_MAX_READ_BYTES): Promise<string> {
    const file = this.#files.get(this.#comparable(path))?.file;
    if (file === undefined) throw new MachineReadError(path, this.#namesIn(path) === null ? "ENOENT" : "EISDIR");
    if (typeof file !== "string") throw new MachineReadError(path, file.errno);
    return Buffer.from(file).toString("utf8", 0, maxBytes);
  }

  async listDirectory(path: string): Promise<string[]> {
    const file = this.#files.get(this.#comparable(path))?.file;
    if (typeof file === "object") throw new MachineReadError(path, file.errno);
    const names = this.#namesIn(path);
    if (names === null) throw new MachineReadError(path, file === undefined ? "ENOENT" : "ENOTDIR");
    return names;
  }

  async readFreeBytes(path: string): Promise<number> {
    if (this.#freeBytes === undefined) throw new MachineReadError(path, "ENOSYS");
    return this.#freeBytes;
  }

  async runTool(name: string, args: readonly string[]): Promise<string> {
    const output = this.#tools[[name, ...args].join(" ")];
    if (output === undefined) throw new MachineReadError(name, "ENOENT");
    return output;
  }

  async exists(path: string): Promise<boolean> {
    const file = this.#files.get(this.#comparable(path))?.file;
    if (typeof file === "object") return file.errno !== "ENOENT";
    return file !== undefined || this.#namesIn(path) !== null;
  }

  async mayOpen(path: string): Promise<boolean | null> {
    if (!(await this.exists(path))) return null;
    const file = this.#files.get(this.#comparable(path))?.file;
    return typeof file !== "object" || !["EACCES", "EPERM", "EROFS"].includes(file.errno);
  }

  /** Returns the names directly below a folder, sorted; null if the folder does not exist. */
  #namesIn(path: string): string[] | null {
    const folder = this.#folder(path);
    const inside = [...this.#files].filter(([key]) => key.startsWith(folder));
    if (inside.length === 0) return null;
    const names = inside.map(([, { path: written }]) => written.slice(folder.length).split("/", 1)[0] ?? "");
    return [...new Set(names)].filter((name) => name !== "").sort();
  }

  #folder(path: string): string {
    return `${this.#comparable(path).replace(/\/+$/, "")}/`;
  }

  #comparable(path: string): string {
    return this.platform === "win32" ? this.#slashed(path).toLowerCase() : path;
  }

  #slashed(path: string): string {
    return this.platform === "win32" ? path.replaceAll("\\", "/") : path;
  }
}
