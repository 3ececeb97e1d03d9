import path from "node:path";
import type { JournalFile, JournalFiles } from "../../../src/session/journal/journal-files.js";

/** Kind of failure of an operation. `at`, from 0 to 1, selects among its possible outcomes. */
export type Fault = { kind: "short-write" | "EIO" | "ENOSPC" | "EROFS"; at: number };

interface Operation {
  bytes: Buffer | null;
  position: number;
}

interface Node {
  /** Content that programs see. */
  cached: Buffer;
  /** Content that survives any power cut. */
  durable: Buffer;
  /** Operations between the two. */
  operations: Operation[];
}

/**
 * A disk in memory with injected faults and power cuts. After a power cut, each piece of unsynced data is present,
 * missing or partial. A failed sync drops its data, as on Linux.
 */
export class MemoryDisk implements JournalFiles {
  /** Called before each operation that changes or syncs data. */
  nextFault: () => Fault | null = () => null;
  /** Counts since the disk was created. */
  readonly counts = { writes: 0, writtenBytes: 0, syncs: 0, folderSyncs: 0 };
  #entries = new Map<string, Node>();
  #durableEntries = new Map<string, Node>();
  #entryChanges: { name: string; node: Node | null }[] = [];

  async open(file: string, mode: "read" | "write" | "create"): Promise<JournalFile> {
    let node = this.#entries.get(file);
    if (mode === "create") {
      if (node !== undefined) throw failure("EEXIST");
      this.#fail();
      node = { cached: Buffer.alloc(0), durable: Buffer.alloc(0), operations: [] };
      this.#setEntry(file, node);
    }
    if (node === undefined) throw failure("ENOENT");
    return this.#openNode(file, node);
  }

  async list(folder: string): Promise<string[]> {
    return [...this.#entries.keys()].filter((name) => path.dirname(name) === folder).map((name) => path.basename(name));
  }

  async size(file: string): Promise<number> {
    return this.#node(file).cached.length;
  }

  async makeFolder(): Promise<void> {}

  async rename(from: string, to: string): Promise<void> {
    this.#fail();
    this.#setEntry(to, this.#node(from));
    this.#setEntry(from, null);
  }

  async remove(file: string): Promise<void> {
    if (!this.#entries.has(file)) return;
    this.#fail();
    this.#setEntry(file, null);
  }

  async syncFolder(): Promise<void> {
    this.counts.folderSyncs += 1;
    this.#fail();
    this.#durableEntries = new Map(this.#entries);
    this.#entryChanges = [];
  }

  /** Cuts the power. `choose` returns a number from 0 to 1 for each piece of data that may or may not survive. */
  cutPower(choose: () => number): void {
    // A journaling file system keeps the order of name changes.
    const kept = Math.round(choose() * this.#entryChanges.length);
    for (const { name, node } of this.#entryChanges.slice(0, kept)) setOrDelete(this.#durableEntries, name, node);
    this.#entryChanges = [];
    this.#entries = new Map(this.#durableEntries);
    for (const node of new Set(this.#entries.values())) {
      for (const operation of node.operations) {
        const share = choose();
        if (share < 0.3) continue;
        const { bytes } = operation;
        const isTorn = bytes !== null && share < 0.6;
        node.durable = apply(node.durable, isTorn ? { ...operation, bytes: tear(bytes, choose()) } : operation);
      }
      node.operations = [];
      node.cached = node.durable;
    }
  }

  /** Returns all files as programs see them. */
  snapshot(): Map<string, Buffer> {
    return new Map([...this.#entries].map(([name, { cached }]) => [name, Buffer.from(cached)]));
  }

  /** Returns a disk with these files, all durable. */
  static holding(files: Iterable<readonly [string, Uint8Array]>): MemoryDisk {
    const disk = new MemoryDisk();
    for (const [name, data] of files) {
      const node = { cached: Buffer.from(data), durable: Buffer.from(data), operations: [] };
      disk.#entries.set(name, node);
      disk.#durableEntries.set(name, node);
    }
    return disk;
  }

  #openNode(file: string, node: Node): JournalFile {
    const change = (operation: Operation) => {
      node.operations.push(operation);
      node.cached = apply(node.cached, operation);
    };
    return {
      read: async (buffer, position) => node.cached.copy(buffer, 0, position, position + buffer.length),
      write: (bytes, position) => {
        this.counts.writes += 1;
        const fault = this.nextFault();
        const count = fault === null ? bytes.length : Math.floor(fault.at * bytes.length);
        if (count > 0) change({ bytes: Buffer.from(bytes.subarray(0, count)), position });
        this.counts.writtenBytes += count;
        // A device that fails in the middle of a write may have stored part of it.
        if (fault !== null && (fault.kind !== "short-write" || count === 0)) throw failure(fault.kind);
        return count;
      },
      sync: async () => {
        this.counts.syncs += 1;
        const fault = this.nextFault();
        if (fault !== null && fault.kind !== "short-write") {
          node.operations = [];
          throw failure(fault.kind);
        }
        for (const operation of node.operations) node.durable = apply(node.durable, operation);
        node.operations = [];
      },
      truncate: async (bytes) => {
        this.#fail();
        change({ bytes: null, position: bytes });
      },
      size: async () => node.cached.length,
      isWhole: async (bytes) => this.#entries.get(file) === node && node.cached.length === bytes,
      close: async () => {},
    };
  }

  #node(file: string): Node {
    const node = this.#entries.get(file);
    if (node === undefined) throw failure("ENOENT");
    return node;
  }

  #setEntry(name: string, node: Node | null): void {
    this.#entryChanges.push({ name, node });
    setOrDelete(this.#entries, name, node);
  }

  #fail(): void {
    const fault = this.nextFault();
    if (fault !== null && fault.kind !== "short-write") throw failure(fault.kind);
  }
}

function setOrDelete(entries: Map<string, Node>, name: string, node: Node | null): void {
  if (node === null) entries.delete(name);
  else entries.set(name, node);
}

function apply(data: Buffer, { bytes, position }: Operation): Buffer {
  if (bytes === null) {
    const cut = Buffer.alloc(position);
    data.copy(cut);
    return cut;
  }
  const grown = Buffer.alloc(Math.max(data.length, position + bytes.length));
  data.copy(grown);
  bytes.copy(grown, position);
  return grown;
}

/** Returns a partial write: its beginning, or its full length with zeros from some point on. */
function tear(bytes: Buffer, share: number): Buffer {
  const kept = Math.floor(bytes.length * ((share * 2) % 1));
  if (share < 0.5) return bytes.subarray(0, kept);
  const torn = Buffer.alloc(bytes.length);
  bytes.copy(torn, 0, 0, kept);
  return torn;
}

function failure(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: told to fail`), { code });
}
