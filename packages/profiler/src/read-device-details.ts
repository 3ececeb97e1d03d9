import type { DeviceDetails } from "@nanoagent/models";
import { readAcceleratorDetails } from "./accelerators/read-accelerator-details.js";
import { readBoardDetails } from "./board/read-board-details.js";
import { readCpuDetails } from "./cpu/read-cpu-details.js";
import { withDeclaredFacts } from "./details/declared-facts.js";
import type { Machine } from "./machine.js";
import { readMemoryDetails } from "./memory/read-memory-details.js";
import { readPowerDetails } from "./power/read-power-details.js";
import { readSystemDetails } from "./read-system-details.js";
import { readStorageDetails } from "./storage/read-storage-details.js";
import { readThermalDetails } from "./thermal/read-thermal-details.js";

/**
 * All that can be found out about a device, and what the environment declares of it. The data would lie at `dataPath`,
 * which is absolute. Starts no process unless `deep`. Never rejects.
 */
export async function readDeviceDetails(machine: Machine, dataPath: string, deep: boolean): Promise<DeviceDetails> {
  const [memory, cpu, accelerators, board, system, thermal, power, storage] = await Promise.all([
    readMemoryDetails(machine),
    readCpuDetails(machine),
    readAcceleratorDetails(machine),
    readBoardDetails(machine),
    readSystemDetails(machine),
    readThermalDetails(machine),
    readPowerDetails(machine),
    readStorageDetails(machine, dataPath),
  ]);
  const details = { memory, cpu, accelerators, board, system, thermal, power, storage };
  const { withToolFacts } = deep ? await import("./tool-facts.js") : { withToolFacts: null };
  return withDeclaredFacts(machine.environment, (await withToolFacts?.(machine, details)) ?? details);
}
