import { BYTES_PER_MB, type DeviceMeasurement } from "@nanoagent/models";
import { countUsableCores } from "../cpu/count-cores.js";
import { readCpuDetails } from "../cpu/read-cpu-details.js";
import { knownValue } from "../details/known-value.js";
import type { Machine } from "../machine.js";
import { MachineSnapshot } from "../machine-snapshot.js";
import { readMemory, UNKNOWN_MEMORY_BYTES } from "../memory/read-memory.js";
import { platformName } from "../platform-name.js";

/** Tolerance for the RAM, because kernel versions reserve different amounts. */
const SAME_MEMORY_SHARE = 0.05;

/** Reads the facts that identify the measured device, ignoring declared values. */
export async function readMeasuredDevice(local: Machine): Promise<DeviceMeasurement["device"]> {
  const machine = new MachineSnapshot(local);
  const [cpu, memory] = await Promise.all([readCpuDetails(machine), readMemory(machine)]);
  return {
    platform: platformName(machine),
    cpu_model: knownValue(cpu.model),
    cpu_cores: await countUsableCores(machine),
    memory_mb: Math.max(1, Math.floor((memory.totalBytes ?? UNKNOWN_MEMORY_BYTES) / BYTES_PER_MB)),
  };
}

/** Describes the difference between the measured device and this one; null if they are the same. */
export function deviceDifference(
  measured: DeviceMeasurement["device"],
  here: DeviceMeasurement["device"],
): string | null {
  if (measured.platform !== here.platform) return `on ${measured.platform}, but this is ${here.platform}`;
  if (measured.cpu_model !== here.cpu_model) {
    return `on ${measured.cpu_model ?? "an unknown processor"}, but this is ${here.cpu_model ?? "an unknown one"}`;
  }
  if (measured.cpu_cores !== here.cpu_cores)
    return `on ${measured.cpu_cores} cores, but this device has ${here.cpu_cores}`;
  const most = Math.max(measured.memory_mb, here.memory_mb);
  if (Math.abs(measured.memory_mb - here.memory_mb) > SAME_MEMORY_SHARE * most) {
    return `with ${measured.memory_mb} MB of memory, but this device has ${here.memory_mb} MB`;
  }
  return null;
}
