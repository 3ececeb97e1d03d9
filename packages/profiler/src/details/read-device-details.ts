import type { DeviceDetails } from "@nanoagent/models";
import { readAcceleratorDetails } from "../accelerators/read-accelerator-details.js";
import { readBoardDetails } from "../board/read-board-details.js";
import { readCpuDetails } from "../cpu/read-cpu-details.js";
import type { Machine } from "../machine.js";
import { readMemoryDetails } from "../memory/read-memory-details.js";
import { readPowerDetails } from "../power/read-power-details.js";
import { readStorageDetails } from "../storage/read-storage-details.js";
import { readSystemDetails } from "../system/read-system-details.js";
import { readThermalDetails } from "../thermal/read-thermal-details.js";

/** All that can be found out about a device without starting a process; the data would lie at `dataPath`. Never rejects. */
export async function readDeviceDetails(machine: Machine, dataPath: string): Promise<DeviceDetails> {
  return {
    memory: await readMemoryDetails(machine),
    cpu: await readCpuDetails(machine),
    accelerators: await readAcceleratorDetails(machine),
    board: await readBoardDetails(machine),
    system: await readSystemDetails(machine),
    thermal: await readThermalDetails(machine),
    power: await readPowerDetails(machine),
    storage: await readStorageDetails(machine, dataPath),
  };
}
