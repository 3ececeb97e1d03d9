import path from "node:path";
import { BYTES_PER_MB, type EdgeDevice, type ProfiledDevice } from "@nanoagent/models";
import { hasGpu } from "./accelerators/has-gpu.js";
import { countUsableCores } from "./cpu/count-cores.js";
import { declaredDevice } from "./declared-device.js";
import { LocalMachine } from "./local-machine.js";
import type { Machine } from "./machine.js";
import { MachineSnapshot } from "./machine-snapshot.js";
import { readMemory, UNKNOWN_MEMORY_BYTES } from "./memory/read-memory.js";
import { platformName } from "./platform-name.js";
import { readDeviceDetails } from "./read-device-details.js";

export interface DeviceProfilerOptions {
  /** The machine to profile. Default: the one that runs this process. */
  machine?: Machine | undefined;
}

export interface ProfileInDetailOptions {
  /** Folder of the agent's data, for details of the storage. Default: the working directory. */
  dataPath?: string | undefined;
  /** Runs vendor tools for facts that no file contains: one process per tool, at most two seconds. Default: false. */
  deep?: boolean | undefined;
}

/** Determines the facts of a device. Reads a few small files and starts no process. */
export class DeviceProfiler {
  readonly #machine: Machine;

  constructor({ machine = new LocalMachine() }: DeviceProfilerOptions = {}) {
    this.#machine = machine;
  }

  /**
   * Returns the device. Never rejects: unreadable facts default to 512 MB of memory, one core and no GPU.
   * Environment variables (`NANOAGENT_DEVICE_MEMORY_MB` and so on, one per field) override the facts that are read.
   * `memory_mb` is the RAM in MB of 2^20 bytes, `cpu_cores` the cores that affinity, cpusets and quotas leave to this
   * process.
   */
  async profile(): Promise<EdgeDevice> {
    return profileOf(new MachineSnapshot(this.#machine));
  }

  /**
   * Returns the device with all details, fact by fact: the value, its source and its confidence, or why it is unknown.
   * Takes at most 100 small reads on a board, or 150 on a large machine; no process, no network. Never rejects.
   */
  async profileInDetail({ dataPath = ".", deep = false }: ProfileInDetailOptions = {}): Promise<ProfiledDevice> {
    const machine = new MachineSnapshot(this.#machine);
    const details = await readDeviceDetails(machine, path.resolve(dataPath), deep);
    return { ...(await profileOf(machine)), details };
  }
}

async function profileOf(machine: Machine): Promise<EdgeDevice> {
  const [memory, has_gpu, cpu_cores] = await Promise.all([
    readMemory(machine),
    hasGpu(machine),
    countUsableCores(machine),
  ]);
  const platform = platformName(machine);
  return declaredDevice(machine.environment, {
    device_id: `${platform}-${cpu_cores}core`,
    platform,
    memory_mb: Math.max(1, Math.floor((memory.totalBytes ?? UNKNOWN_MEMORY_BYTES) / BYTES_PER_MB)),
    cpu_cores,
    has_gpu,
  });
}
