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
 * Reads all details of a device, including those declared in the environment. `dataPath` is the absolute path of the
 * agent's data. Starts no process unless `deep` is true. Never rejects.
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
