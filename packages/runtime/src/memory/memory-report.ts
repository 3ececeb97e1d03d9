import type { FitPlan, MemoryReading, PressureAction } from "@nanoagent/models";

/**
 * The strongest available way to limit an engine's memory: the kernel, for all memory that the engine's process touches
 * (`cgroup-v2`, `cgroup-v1`) or reserves (`rlimit-data`); otherwise a check of its use four times a second (`watch`).
 * `none`: the engine runs in the program's own process.
 */
export type MemoryEnforcement = "cgroup-v2" | "cgroup-v1" | "rlimit-data" | "watch" | "none";

/**
 * How the tools' processes are limited: by the kernel (`cgroup-v2`, `cgroup-v1`); by a limit on each process's reserved
 * memory, with a check of all of them (`watch`); or not at all, outside Linux (`none`).
 */
export type ToolEnforcement = "cgroup-v2" | "cgroup-v1" | "watch" | "none";

export interface MemoryPressureEvent {
  type: "memory-pressure";
  /** The agent's memory when pressure was detected, and its limit. */
  used_bytes: number;
  limit_bytes: number;
  /** Cause: the agent's own limit, the device's memory, or an engine that only waits for pages. */
  reason: "own-limit" | "device" | "paging";
  action: PressureAction;
}

/** Memory of one process. The three parts add up to its resident memory. */
export interface ProcessShare {
  anonymous_bytes: number;
  file_bytes: number;
  shared_bytes: number;
  /** Resident memory with shared pages counted proportionally, or null if the system does not report it. */
  proportional_bytes: number | null;
}

/** Memory use and limit of an engine. */
export interface EngineMemory {
  /** Memory limit of the engine. */
  limit_bytes: number;
  enforcement: MemoryEnforcement;
  /** Description of the active limits: `cgroup v1 /agent/nanoagent-412-1 at 180 MB; RLIMIT_DATA at 290 MB`. */
  enforcement_detail: string;
  /** Null if nothing is loaded, or the system does not report it. */
  process: ProcessShare | null;
  /** How the model is loaded, with its memory calculation, or null if it is not planned yet. */
  plan: FitPlan | null;
  /** Whether the model is currently loaded. */
  is_loaded: boolean;
  /** Last action against memory pressure, or null if none is in force. */
  pressure: PressureAction | null;
  /**
   * How often the engine's process was started again because it had ended by itself or was ended for its memory. Starts
   * after an idle unload do not count. Absent for an engine without a process of its own.
   */
  respawns?: number | undefined;
}

/** The agent's memory use against its budget. Parts add up: shared memory counts once if the kernel reports it. */
export interface MemoryReport {
  /** The total budget: `spec.max_memory_mb`, or the device's memory if that is less. */
  limit_bytes: number;
  used_bytes: number;
  /** Growth of this program since `load()`, or all of its memory if it runs only this agent. */
  program_bytes: number;
  /**
   * Code mapped from files, for a program that runs only this agent. Not part of the sum, because the kernel can drop
   * these pages at any time. 0 while an engine's process shares the code, which then counts.
   */
  program_code_bytes: number;
  /** Memory of the processes that tools started: commands and MCP servers. */
  tools_bytes: number;
  /** Their current limit, or null for an agent without such processes. */
  tools_limit_bytes: number | null;
  /** How that limit is enforced, or null for an agent without such processes. */
  tools_enforcement: ToolEnforcement | null;
  engine: EngineMemory | null;
  /** Current memory of the device, or null if no probe reads it. */
  device: MemoryReading | null;
}
