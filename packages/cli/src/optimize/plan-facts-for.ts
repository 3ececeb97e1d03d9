import { BYTES_PER_MB } from "@nanoagent/models";
import type { PlanFacts } from "@nanoagent/optimizer";
import { readPlanFacts } from "@nanoagent/runtime/engines/llama";
import { type PlanningDevice, remoteDevice } from "./planning-device.js";

/** Returns the facts that plans for a device start from: its budget, and the memory and speed of its engine. */
export function planFactsFor(device: PlanningDevice): Promise<PlanFacts> {
  return readPlanFacts(
    { device: device.device, maxMemoryMb: device.budgetBytes / BYTES_PER_MB },
    { ownsProgram: true, remote: device.isThisOne ? undefined : remoteDevice(device) },
  );
}
