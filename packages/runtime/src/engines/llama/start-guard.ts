import type { MemoryProbe } from "@nanoagent/models";
import { MemoryGuard } from "../../memory/memory-guard.js";
import { processView } from "../../memory/process-view.js";
import { Reservations } from "../../memory/reservations.js";
import type { ToolMemory } from "../../memory/tool-memory.js";
import type { Profiler } from "./model-peers.js";

export interface GuardSettings {
  /** Budget of the whole agent, in bytes. */
  limitBytes: number;
  ownsProgram: boolean;
  memory?: MemoryProbe | undefined;
  /** Resident memory of this program when the agent was loaded, in bytes. Default: the current value. */
  baseBytes?: number | undefined;
  /** Memory account of the agent's tools. Default: none. */
  toolMemory?: ToolMemory | undefined;
  /** Called with notices about the memory probe. */
  onNotice?: ((notice: string) => void) | undefined;
}

/** Starts the guard that enforces an agent's memory budget on this machine. */
export function startGuard(profiler: Profiler, { memory, ...settings }: GuardSettings): Promise<MemoryGuard> {
  return MemoryGuard.start({
    ...settings,
    probe: memory ?? new profiler.DeviceMemoryProbe(),
    processes: processView(profiler),
    reservations: new Reservations(),
  });
}
