import type { DeviceDetails } from "@nanoagent/models";
import { factOf } from "../details/fact.js";
import type { Machine } from "../machine.js";
import { readGpus } from "./read-gpus.js";
import { readNpus } from "./read-npus.js";

/** GPUs and neural processors, as far as the system shows them without a vendor's tool. Never rejects. */
export async function readAcceleratorDetails(machine: Machine): Promise<DeviceDetails["accelerators"]> {
  return { gpus: await factOf(() => readGpus(machine)), npus: await factOf(() => readNpus(machine)) };
}
