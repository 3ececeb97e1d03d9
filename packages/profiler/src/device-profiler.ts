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
  /** The machine to look at. Default: the one this process runs on. */
  machine?: Machine | undefined;
}

export interface ProfileInDetailOptions {
  /** Where data would be kept. Default: the working directory. */
  dataPath?: string | undefined;
  /** Ask tools of vendors too, where no file tells: a process each, which is given two seconds. Default: false. */
  deep?: boolean | undefined;
}

/** Says what a device is. Reads a few small files and starts no process. */
export class DeviceProfiler {
  readonly #machine: Machine;

  constructor({ machine = new LocalMachine() }: DeviceProfilerOptions = {}) {
    this.#machine = machine;
  }

  /**
   * The device as it is now. Never fails: what cannot be read is 512 MB of memory, one core, no GPU.
   * What the environment declares (`NANOAGENT_DEVICE_MEMORY_MB` and so on, one for each field) wins over what is read.
   * `memory_mb` is the RAM in whole units of 2^20 bytes, `cpu_cores` what affinity, cpusets and
   * quotas leave this process of its cores.
   */
  async profile(): Promise<EdgeDevice> {
    return profileOf(new MachineSnapshot(this.#machine));
  }

  /**
   * The same with all that was found out, fact by fact: what each is, where it was read and how sure that is, or why it
   * is not known. Small reads, at most 100 on a
   * board and 150 on a machine with much of everything; no process, no network. Never fails.
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
