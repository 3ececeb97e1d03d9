import { BYTES_PER_MB, type NanoAgentConfig } from "@nanoagent/models";

/**
 * Memory that the program adds over months for an agent: the history, its buffers, the channel to the engine's process.
 * 10,000 turns of a session added up to 12 MB.
 */
export const PROGRAM_GROWTH_BYTES = 12 * BYTES_PER_MB;

/**
 * Memory of a program that belongs to the agent alone, when it has loaded. The anonymous memory of `nanoagent run` was at most
 * 27 MB while it loaded a model (Linux x64; Node 20: 23, 22: 24, 24: 27, 26: 27).
 */
export const LOADED_PROGRAM_BYTES = 28 * BYTES_PER_MB;

/** Memory of such a program with its growth. */
export const OWN_PROGRAM_BYTES = LOADED_PROGRAM_BYTES + PROGRAM_GROWTH_BYTES;

/**
 * Returns the part of an agent's budget that a plan sets aside for the program. It is a constant, so that the same file,
 * device and budget always make the same plan, whatever the program that plans has in memory at that moment.
 */
export function programShareBytes(ownsProgram: boolean): number {
  return ownsProgram ? OWN_PROGRAM_BYTES : PROGRAM_GROWTH_BYTES;
}

/** Memory that a server of tools is expected to take before it runs and is measured. One in Node takes 45 to 60 MB. */
const SERVER_BYTES = 64 * BYTES_PER_MB;

/** Memory of processes that are yet to start, and these in words. */
export interface ExpectedProcesses {
  expectedBytes: number;
  expectedFor: string;
}

/**
 * Returns what a plan that is made before the agent runs expects its MCP servers to take; null for an agent without one
 * that is a process here. A load has started them and measures.
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

/** Memory by which the program and the servers of its tools differ at most from one start to the next. */
const MOST_DRIFT_BYTES = 8 * BYTES_PER_MB;
/** Margin of an advice that stands on measured memory. */
const MEASURE_MARGIN_BYTES = 12 * BYTES_PER_MB;

/** Limits of the memory that a model may take. */
export interface ModelLimits {
  /** Budget of the whole agent, in bytes. */
  limitBytes: number;
  ownsProgram: boolean;
  /** Memory that the device can spare for the model, in bytes. */
  spareBytes: number;
  /** Limit that `spareBytes` is under, in words. Default: none. */
  spareSource?: string | null | undefined;
  /**
   * Memory that the program and the processes of its tools really take, in bytes. Only an admission has it: if it is more
   * than the share, the model gets less than was planned, and the sum stays within the budget. Default: 0.
   */
  usedBytes?: number | undefined;
  /**
   * The most that they take when no other program shares its pages with them, in bytes: an advice counts so much, since
   * other programs end. Default: `usedBytes`.
   */
  mostBytes?: number | undefined;
}

/** The part of an agent's budget that a model may take, and what bounds it. */
export interface ModelBudget {
  /** Memory that the model may take with the process that it lives in, in bytes. */
  budgetBytes: number;
  /** Memory that the budget has to have beside a model, in bytes; with a margin where it was measured. */
  programBytes: number;
  /** As in {@link ModelLimits}. */
  spareBytes: number;
  /** As in {@link ModelLimits}. */
  spareSource: string | null;
}

/** Returns what a model may take. */
export function modelBudget({
  limitBytes,
  ownsProgram,
  spareBytes,
  spareSource = null,
  usedBytes = 0,
  mostBytes = usedBytes,
}: ModelLimits): ModelBudget {
  // A program that is the agent's alone still grows from what it takes now; what an app has added is the growth.
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
