import { DEFAULT_MAX_READ_BYTES, type Machine } from "./machine.js";
import { MachineReadError } from "./machine-read-error.js";

/**
 * Length of one timer turn. Sensor files answer within some milliseconds; after {@link MAX_TURNS} turns, a read has
 * failed. Counting short turns gives pending answers a chance to arrive, so that a busy processor does not cause
 * timeouts.
 */
const TURN_MS = 25;
const MAX_TURNS = 10;
/** Most reads that may time out: each blocks one of the few threads that read files. */
const MAX_UNENDED_READS = 3;

/**
 * A snapshot of a machine that reads each file only once. A read that does not end within 250 ms fails with
 * `ETIMEDOUT`; after three timeouts, all further reads fail immediately.
 */
export class MachineSnapshot implements Machine {
  readonly platform: string;
  readonly machineType: string;
  readonly environment: Machine["environment"];
  readonly totalMemoryBytes: number;
  readonly availableMemoryBytes: number;
  readonly cpuCount: number;
  readonly #machine: Machine;
  readonly #texts = new Map<string, { maxBytes: number; text: Promise<string> }>();
  readonly #folders = new Map<string, Promise<string[]>>();
  #unendedReads = 0;
  /** Pending reads with their elapsed turns. One timer serves all of them. */
  readonly #underWay = new Map<(reason: MachineReadError) => void, { path: string; turns: number }>();
  #timer: NodeJS.Timeout | undefined;

  constructor(machine: Machine) {
    this.#machine = machine;
    this.platform = machine.platform;
    this.machineType = machine.machineType;
    this.environment = machine.environment;
    this.totalMemoryBytes = machine.totalMemoryBytes;
    this.availableMemoryBytes = machine.availableMemoryBytes;
    this.cpuCount = machine.cpuCount;
  }

  async readText(path: string, maxBytes: number = DEFAULT_MAX_READ_BYTES): Promise<string> {
    const before = this.#texts.get(path);
    if (before !== undefined) {
      const known = await before.text;
      // A text shorter than the requested length is the complete file, which also serves longer requests.
      const isWhole = Buffer.byteLength(known) < before.maxBytes;
      if (isWhole || before.maxBytes >= maxBytes) return known.slice(0, maxBytes);
    }
    const text = this.#ended(path, () => this.#machine.readText(path, maxBytes));
    this.#texts.set(path, { maxBytes, text });
    return text;
  }

  async listDirectory(path: string): Promise<string[]> {
    const names = this.#folders.get(path) ?? this.#ended(path, () => this.#machine.listDirectory(path));
    this.#folders.set(path, names);
    return names;
  }

  readFreeBytes(path: string): Promise<number> {
    return this.#ended(path, () => this.#machine.readFreeBytes(path));
  }

  runTool(name: string, args: readonly string[]): Promise<string> {
    return this.#machine.runTool(name, args);
  }

  exists(path: string): Promise<boolean> {
    return this.#ended(path, () => this.#machine.exists(path)).catch(() => false);
  }

  mayOpen(path: string): Promise<boolean | null> {
    return this.#ended(path, () => this.#machine.mayOpen(path)).catch(() => null);
  }

  async #ended<Value>(path: string, read: () => Promise<Value>): Promise<Value> {
    if (this.#unendedReads >= MAX_UNENDED_READS) throw new MachineReadError(path, "ETIMEDOUT");
    return new Promise<Value>((resolve, reject) => {
      this.#underWay.set(reject, { path, turns: 0 });
      this.#timer ??= setInterval(() => this.#countTurn(), TURN_MS);
      read()
        .then(resolve, reject)
        .finally(() => this.#end(reject));
    });
  }

  #countTurn(): void {
    for (const [reject, read] of this.#underWay) {
      if (++read.turns < MAX_TURNS) continue;
      this.#unendedReads++;
      reject(new MachineReadError(read.path, "ETIMEDOUT"));
      this.#end(reject);
    }
  }

  #end(reject: (reason: MachineReadError) => void): void {
    this.#underWay.delete(reject);
    if (this.#underWay.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
