import { BYTES_PER_MB, type DeviceMeasurement } from "@nanoagent/models";
import { countUsableCores } from "../cpu/count-cores.js";
import { readCpuDetails } from "../cpu/read-cpu-details.js";
import { knownValue } from "../details/known-value.js";
import type { Machine } from "../machine.js";
import { MachineSnapshot } from "../machine-snapshot.js";
import { readMemory, UNKNOWN_MEMORY_BYTES } from "../memory/read-memory.js";
import { platformName } from "../platform-name.js";

/** Kernels keep more or less of the RAM for themselves from one version to the next. */
const SAME_MEMORY_SHARE = 0.05;

/** What a measurement is tied to: the machine itself, whatever is declared about it. */
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

/** How what was measured is not this device; null where it is. */
export function deviceDifference(
  measured: DeviceMeasurement["device"],
  here: DeviceMeasurement["device"],
): string | null {
  if (measured.platform !== here.platform) return `on ${measured.platform}, and this is ${here.platform}`;
  if (measured.cpu_model !== here.cpu_model) {
    return `on ${measured.cpu_model ?? "an unknown processor"}, and this is ${here.cpu_model ?? "an unknown one"}`;
  }
  if (measured.cpu_cores !== here.cpu_cores) return `on ${measured.cpu_cores} cores, and here are ${here.cpu_cores}`;
  const most = Math.max(measured.memory_mb, here.memory_mb);
  if (Math.abs(measured.memory_mb - here.memory_mb) > SAME_MEMORY_SHARE * most) {
    return `with ${measured.memory_mb} MB of memory, and here are ${here.memory_mb} MB`;
  }
  return null;
}
