import type { Machine } from "../../src/index.js";

/** A machine that counts the accesses to files and folders. */
export class CountingMachine implements Machine {
  calls = 0;
  readonly #machine: Machine;
  readonly platform: string;
  readonly machineType: string;
  readonly environment: Machine["environment"];
  readonly totalMemoryBytes: number;
  readonly availableMemoryBytes: number;
  readonly cpuCount: number;

  constructor(machine: Machine) {
    this.#machine = machine;
    this.platform = machine.platform;
    this.machineType = machine.machineType;
    this.environment = machine.environment;
    this.totalMemoryBytes = machine.totalMemoryBytes;
    this.availableMemoryBytes = machine.availableMemoryBytes;
    this.cpuCount = machine.cpuCount;
  }

  readText(path: string, maxBytes?: number): Promise<string> {
    this.calls++;
    return this.#machine.readText(path, maxBytes);
  }

  listDirectory(path: string): Promise<string[]> {
    this.calls++;
    return this.#machine.listDirectory(path);
  }

  readFreeBytes(path: string): Promise<number> {
    this.calls++;
    return this.#machine.readFreeBytes(path);
  }

  runTool(name: string, args: readonly string[]): Promise<string> {
    this.calls++;
    return this.#machine.runTool(name, args);
  }

  mayOpen(path: string): Promise<boolean | null> {
    this.calls++;
    return this.#machine.mayOpen(path);
  }

  exists(path: string): Promise<boolean> {
    this.calls++;
    return this.#machine.exists(path);
  }
}
