import { BYTES_PER_MB, type NanoAgentConfig } from "@nanoagent/models";

/**
 * Memory that the program adds over months for an agent: the history, its buffers, the channel to the engine's process.
 * Measured over 10,000 turns of a session: 12 MB.
 */
export const PROGRAM_GROWTH_BYTES = 12 * BYTES_PER_MB;

/**
 * Memory of a program that runs only this agent, right after loading. The anonymous memory of `nanoagent run` was at
 * most 27 MB while it loaded a model (Linux x64; Node 20: 23, 22: 24, 24: 27, 26: 27).
 */
export const LOADED_PROGRAM_BYTES = 28 * BYTES_PER_MB;

/** Memory of such a program including its growth. */
export const OWN_PROGRAM_BYTES = LOADED_PROGRAM_BYTES + PROGRAM_GROWTH_BYTES;

/**
 * Returns the part of an agent's budget that a plan sets aside for the program. It is a constant, so that the same
 * file, device and budget always produce the same plan, regardless of the planning program's current memory.
 */
export function programShareBytes(ownsProgram: boolean): number {
  return ownsProgram ? OWN_PROGRAM_BYTES : PROGRAM_GROWTH_BYTES;
}

/** Expected memory of an MCP server before it runs and is measured. Servers in Node use 45 to 60 MB. */
const SERVER_BYTES = 64 * BYTES_PER_MB;

/** Expected memory of processes that have not started, and their description. */
export interface ExpectedProcesses {
  expectedBytes: number;
  expectedFor: string;
}

/**
 * Returns the expected memory of the MCP servers, for a plan made before the agent runs, or null for an agent without
 * local server processes. A load starts and measures them instead.
 */
export function expectedServers({ mcp_servers = {} }: Pick<NanoAgentConfig, "mcp_servers">): ExpectedProcesses | null {
  const started = Object.values(mcp_servers).flatMap((server) => ("command" in server ? [server] : []));
  if (started.length === 0) return null;
  const ofOne = ({ max_memory_mb }: { max_memory_mb?: number | undefined }) =>
    Math.min(SERVER_BYTES, (max_memory_mb ?? Number.POSITIVE_INFINITY) * BYTES_PER_MB);
  return {
    expectedBytes: started.reduce((sum, server) => sum + ofOne(server), 0),
    expectedFor: `its ${started.length} MCP ${started.length === 1 ? "server" : "servers"}`,
  };
}

/** Largest difference in the memory of the program and its MCP servers between two starts. */
const MOST_DRIFT_BYTES = 8 * BYTES_PER_MB;
/** Safety margin for advice that is based on measured memory. */
const MEASURE_MARGIN_BYTES = 12 * BYTES_PER_MB;

/** Limits on the memory of a model. */
export interface ModelLimits {
  /** Budget of the whole agent, in bytes. */
  limitBytes: number;
  ownsProgram: boolean;
  /** Memory that the device can spare for the model, in bytes. */
  spareBytes: number;
  /** Description of the limit behind `spareBytes`. Default: none. */
  spareSource?: string | null | undefined;
  /**
   * Measured memory of the program and its tools' processes, in bytes. Only set when a model is admitted. If it exceeds
   * the share, the model gets less than planned, and the sum stays within the budget. Default: 0.
   */
  usedBytes?: number | undefined;
  /**
   * Their memory if no other program shares pages with them, in bytes. Advice uses this figure, because other programs
   * end. Default: `usedBytes`.
   */
  mostBytes?: number | undefined;
}

/** The part of an agent's budget that is available to a model, and its limits. */
export interface ModelBudget {
  /** Memory available to the model and the process that it runs in, in bytes. */
  budgetBytes: number;
  /** Part of the budget needed besides the model, in bytes, with a margin if it was measured. */
  programBytes: number;
  /** As in {@link ModelLimits}. */
  spareBytes: number;
  /** As in {@link ModelLimits}. */
  spareSource: string | null;
}

/** Returns the memory that is available to a model. */
export function modelBudget({
  limitBytes,
  ownsProgram,
  spareBytes,
  spareSource = null,
  usedBytes = 0,
  mostBytes = usedBytes,
}: ModelLimits): ModelBudget {
  // A program that runs only this agent can still grow. For an app, the measured growth is what counts.
  const growthBytes = ownsProgram ? PROGRAM_GROWTH_BYTES : 0;
  const realBytes = usedBytes + growthBytes;
  const advisedBytes = Math.max(usedBytes, mostBytes) + growthBytes;
  const shareBytes = programShareBytes(ownsProgram);
  return {
    budgetBytes: Math.max(0, Math.floor(Math.min(limitBytes - Math.max(shareBytes, realBytes), spareBytes))),
    programBytes: advisedBytes + MOST_DRIFT_BYTES > shareBytes ? advisedBytes + MEASURE_MARGIN_BYTES : shareBytes,
    spareBytes,
    spareSource,
  };
}
