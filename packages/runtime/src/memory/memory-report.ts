import type { FitPlan, MemoryReading } from "@nanoagent/models";

/**
 * Who keeps an engine within its share, the strongest that this system has: the kernel, for all that the engine's process
 * touches (`cgroup-v2`, `cgroup-v1`) or for what it reserves (`rlimit-data`); else a watch on what it takes, four times a
 * second. `none`: the engine lives in the program's own process.
 */
export type MemoryEnforcement = "cgroup-v2" | "cgroup-v1" | "rlimit-data" | "watch" | "none";

/**
 * Who keeps the processes of tools within what the budget leaves them: the kernel (`cgroup-v2`, `cgroup-v1`); or a limit on
 * what each may reserve, with a watch on all of them (`watch`); or nobody, as elsewhere than on Linux (`none`).
 */
export type ToolEnforcement = "cgroup-v2" | "cgroup-v1" | "watch" | "none";

/**
 * What is done when memory runs short, the mildest first: less history is shown to the model; state on disk is deleted;
 * the model is loaded with a smaller batch, then with a smaller context; it is unloaded between messages; messages are
 * refused.
 */
export type PressureAction =
  | "trim-window"
  | "drop-saved-state"
  | "smaller-batch"
  | "smaller-context"
  | "unload-when-idle"
  | "refuse";

export interface MemoryPressureEvent {
  type: "memory-pressure";
  /** What the agent took when it was noticed, and what it may take. */
  used_bytes: number;
  limit_bytes: number;
  /** Why: its own limit, the device's memory, or an engine that only waits for pages. */
  reason: "own-limit" | "device" | "paging";
  action: PressureAction;
}

/** The memory of one process. The three parts add up to what is resident. */
export interface ProcessShare {
  anonymous_bytes: number;
  file_bytes: number;
  shared_bytes: number;
  /** What is resident, pages shared with other processes counted by their share; null where the system does not tell. */
  proportional_bytes: number | null;
}

/** What an engine takes and may take. */
export interface EngineMemory {
  /** What it may take at most. */
  limit_bytes: number;
  enforcement: MemoryEnforcement;
  /** The limits in force, in words: `cgroup v1 /agent/nanoagent-412-1 at 180 MB; RLIMIT_DATA at 290 MB`. */
  enforcement_detail: string;
  /** Null while nothing is loaded, and where the system does not tell. */
  process: ProcessShare | null;
  /** How the model is loaded, with the sum that it was admitted by; null while it is not planned. */
  plan: FitPlan | null;
  /** Whether it is loaded at the moment. */
  is_loaded: boolean;
  /** What was last done because memory ran short; null when nothing had to be done, or all is well again. */
  pressure: PressureAction | null;
}

/** What the agent takes of its budget. Sums add up: what processes share is counted once where the kernel tells it. */
export interface MemoryReport {
  /** The whole budget: `spec.max_memory_mb`, or what the device has where that is less. */
  limit_bytes: number;
  used_bytes: number;
  /** What this program has added since `load()`; all of it where the program is the agent's alone. */
  program_bytes: number;
  /**
   * Code of a program that is the agent's alone, mapped from its files. It is not part of the sum: the kernel can drop these
   * pages at any time. 0 while an engine's process shares the code, which then counts.
   */
  program_code_bytes: number;
  /** What the processes take that its tools have started: commands, and MCP servers. */
  tools_bytes: number;
  /** What they may take now; null for an agent without such processes. */
  tools_limit_bytes: number | null;
  /** How they are held within that; null for an agent without such processes. */
  tools_enforcement: ToolEnforcement | null;
  engine: EngineMemory | null;
  /** The device's memory as it is now; null where nobody reads it. */
  device: MemoryReading | null;
}
