import type { DeviceDetails } from "@nanoagent/models";
import { factOf } from "../details/fact.js";
import type { Machine } from "../machine.js";
import { readGpus } from "./read-gpus.js";
import { readNpus } from "./read-npus.js";

/** Reads the GPUs and NPUs that the system shows without vendor tools. Never rejects. */
export async function readAcceleratorDetails(machine: Machine): Promise<DeviceDetails["accelerators"]> {
  return { gpus: await factOf(() => readGpus(machine)), npus: await factOf(() => readNpus(machine)) };
}
