import path from "node:path";
import { LocalMachine } from "../local-machine.js";
import type { Machine } from "../machine.js";
import { MachineReadError } from "../machine-read-error.js";
import { DeviceMemoryProbe } from "../memory/device-memory-probe.js";
import { readDeviceDetails } from "../read-device-details.js";
import type { FixtureFile, FixtureMachineContents } from "../testing/fixture-machine.js";
import { withoutNames } from "./without-names.js";

/** Environment variables with facts about a device, except declared ones. */
const ENVIRONMENT = ["CUDA_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "TERMUX_VERSION", "KUBERNETES_SERVICE_HOST"];

/** Root of the cgroups, whose folders are named after containers. */
const CGROUPS = "/sys/fs/cgroup/";

/**
 * Records everything that the profiler reads, as contents for `FixtureMachine` of `@nanoagent/profiler/testing`, so
 * that a device can be examined elsewhere. Serial numbers, MAC addresses, and names of users and containers are left
 * out.
 */
export async function recordMachine({
  machine = new LocalMachine(),
  dataPath = ".",
}: {
  machine?: Machine | undefined;
  dataPath?: string | undefined;
} = {}): Promise<FixtureMachineContents> {
  const recorder = new Recorder(machine);
  await readDeviceDetails(recorder, path.resolve(dataPath), true);
  await new DeviceMemoryProbe({ machine: recorder }).read();
  const set = ENVIRONMENT.filter((name) => machine.environment[name] !== undefined);
  return {
    platform: machine.platform,
    machineType: machine.machineType,
    environment: Object.fromEntries(
      set.map((name) => [name, name === "KUBERNETES_SERVICE_HOST" ? "recorded" : machine.environment[name]]),
    ),
    totalMemoryBytes: machine.totalMemoryBytes,
    availableMemoryBytes: machine.availableMemoryBytes,
    cpuCount: machine.cpuCount,
    ...(recorder.freeBytes !== null && { freeBytes: recorder.freeBytes }),
    files: Object.fromEntries(
      [...recorder.files].map(([name, file]) => [
        name.startsWith(CGROUPS) ? withoutNames(CGROUPS, name) : name,
        typeof file === "string" ? withoutNames(name, file) : file,
      ]),
    ),
    tools: Object.fromEntries(recorder.tools),
  };
}

/** A machine that records the results of all reads of another machine. */
class Recorder implements Machine {
  readonly files = new Map<string, FixtureFile>();
  readonly tools = new Map<string, string>();
  freeBytes: number | null = null;
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
    // Declared facts are not part of the device.
    this.environment = {};
    this.totalMemoryBytes = machine.totalMemoryBytes;
    this.availableMemoryBytes = machine.availableMemoryBytes;
    this.cpuCount = machine.cpuCount;
  }

  async readText(name: string, maxBytes?: number): Promise<string> {
    const text = await this.#kept(name, () => this.#machine.readText(name, maxBytes));
    const before = this.files.get(name);
    if (typeof before !== "string" || before.length < text.length) this.files.set(name, text);
    return text;
  }

  async listDirectory(name: string): Promise<string[]> {
    const names = await this.#kept(name, () => this.#machine.listDirectory(name));
    // Folders of libraries are only read to find the system's loader.
    const entries = /^\/lib(64)?$/.test(name) ? names.filter((entry) => entry.startsWith("ld-")) : names;
    for (const entry of ["", ...entries.map((entry) => `${entry}/`)]) this.#fill(`${name}/${entry}`, "");
    return names;
  }

  async readFreeBytes(name: string): Promise<number> {
    this.freeBytes = await this.#machine.readFreeBytes(name);
    return this.freeBytes;
  }

  async runTool(name: string, args: readonly string[]): Promise<string> {
    const output = await this.#machine.runTool(name, args);
    this.tools.set([name, ...args].join(" "), output);
    return output;
  }

  async exists(name: string): Promise<boolean> {
    const exists = await this.#machine.exists(name);
    if (exists && name !== "/") this.#fill(name, { errno: "ENOTSUP" });
    return exists;
  }

  async mayOpen(name: string): Promise<boolean | null> {
    const mayOpen = await this.#machine.mayOpen(name);
    if (mayOpen !== null) this.#fill(name, { errno: mayOpen ? "ENOTSUP" : "EACCES" });
    return mayOpen;
  }

  async #kept<Value>(name: string, read: () => Promise<Value>): Promise<Value> {
    try {
      return await read();
    } catch (error) {
      if (error instanceof MachineReadError && error.errno !== "ENOENT") this.#fill(name, { errno: error.errno });
      throw error;
    }
  }

  #fill(name: string, file: FixtureFile): void {
    if (!this.files.has(name)) this.files.set(name, file);
  }
}
