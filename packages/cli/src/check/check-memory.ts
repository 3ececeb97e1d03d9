import { BYTES_PER_MB, type MemoryReading, type NanoAgentConfig } from "@nanoagent/models";
import { DeviceMemoryProbe, type Machine, MEMORY_CONTROLLER_OFF } from "@nanoagent/profiler";
import { checkMemoryBudget, checkProgramSize } from "@nanoagent/runtime/program";
import type { CheckedPart, CheckReport } from "./check-report.js";

/** Memory limits of the system that the agent runs on. */
export interface LimitingSystem {
  machine: Machine;
  canLimitProcesses: boolean;
  /** RLIMIT_DATA of this program, which child processes inherit, in bytes; null for no limit. */
  dataLimitBytes: number | null;
  /** Part of that limit that Node reserves for compiled code without using it, in bytes. */
  reservedCodeBytes: number;
}

/**
 * Checks the memory budget against the device and, with `system`, against the limits that this process has and can set.
 * `system` is null if the agent is for another device.
 */
export async function checkMemory(
  report: CheckReport,
  config: NanoAgentConfig,
  system: LimitingSystem | null,
): Promise<void> {
  const { spec, device } = config;
  const part = report.part("Memory");
  part.summary = `may take ${spec.max_memory_mb} of ${device.memory_mb} MB`;
  try {
    checkMemoryBudget(config);
    checkProgramSize(config);
  } catch (error) {
    part.reject(["spec", "max_memory_mb"], error);
    return;
  }
  if (system === null) return;
  const { machine, canLimitProcesses } = system;
  const reading = await new DeviceMemoryProbe({ machine }).read();
  const programs = [...(config.tools ?? []), ...Object.values(config.mcp_servers ?? {})];
  const limited: LimitedParts = {
    engine: config.model_path !== null && config.engine?.isolation !== "none",
    tools: programs.some((program) => "max_memory_mb" in program && program.max_memory_mb !== undefined),
  };
  const isLinux = machine.platform === "linux";
  if (isLinux && !canLimitProcesses) warnOfNoShell(part, limited);
  if (limited.engine) warnOfDataLimit(part, config, system);
  if (reading.limit_source !== MEMORY_CONTROLLER_OFF) warnOfLowLimit(part, config, reading);
  else if (config.model_path !== null || programs.length > 0) warnOfNoController(part, limited, canLimitProcesses);
}

/** Processes whose memory the program limits. */
interface LimitedParts {
  engine: boolean;
  /** Whether a tool or an MCP server sets max_memory_mb. Others have no limit. */
  tools: boolean;
}

/** Warns of a limit on this program that the engine's process inherits. */
function warnOfDataLimit(
  part: CheckedPart,
  { spec }: NanoAgentConfig,
  { dataLimitBytes, reservedCodeBytes }: LimitingSystem,
): void {
  if (dataLimitBytes === null || dataLimitBytes - reservedCodeBytes >= spec.max_memory_mb * BYTES_PER_MB) return;
  const [limitMb, reservedMb] = [dataLimitBytes, reservedCodeBytes].map((bytes) => Math.floor(bytes / BYTES_PER_MB));
  part.warn(["spec", "max_memory_mb"], {
    code: "data-limit-low",
    message: `This program has a data limit of ${limitMb} MB, which leaves a model less than max_memory_mb.`,
    reason: `The engine's process inherits the limit${reservedCodeBytes === 0 ? "" : `, and Node reserves ${reservedMb} MB of it for code`}.`,
    hint: "Remove the limit (ulimit -d, or LimitDATA= of systemd). MemoryMax= limits the memory that is in use.",
  });
}

/** Warns of a missing shell, as in minimal containers: the shell sets the limits. */
function warnOfNoShell(part: CheckedPart, { engine, tools }: LimitedParts): void {
  if (!engine && !tools) return;
  const reasons = [
    ...(engine ? ["Instead, the memory of the engine's process is checked four times a second."] : []),
    ...(tools ? ["max_memory_mb of tools and MCP servers has no effect."] : []),
  ];
  part.warn([], {
    code: "no-process-limits",
    message: "The program cannot limit the memory of processes that it starts: this system has no /bin/sh.",
    reason: reasons.join(" "),
    hint: "Set a memory limit on the container, or use an image that has a shell.",
  });
}

/** Warns of a kernel that accepts memory limits and ignores them. Not called for an agent that has nothing to limit. */
function warnOfNoController(part: CheckedPart, { engine, tools }: LimitedParts, canLimitProcesses: boolean): void {
  const held = [
    ...(engine ? ["the engine's process"] : []),
    ...(tools ? ["the tools and MCP servers with max_memory_mb"] : []),
  ];
  const holds =
    held.length > 0 && canLimitProcesses
      ? `RLIMIT_DATA limits ${held.join(" and ")} instead.`
      : "The kernel does not limit the agent's memory.";
  part.warn([], {
    code: "memory-control-off",
    message: "MemoryMax of systemd and --memory of Docker have no effect on this kernel.",
    reason: `The kernel was started without the memory controller (cgroup_disable=memory). ${holds}`,
    hint:
      "To enable it, add cgroup_enable=memory cgroup_memory=1 to the kernel's command line and restart. On Raspberry " +
      "Pi OS, that is the line in /boot/firmware/cmdline.txt (/boot/cmdline.txt before Debian 12).",
  });
}

function warnOfLowLimit(
  part: CheckedPart,
  { spec }: NanoAgentConfig,
  { limit_bytes, limit_source }: MemoryReading,
): void {
  if (limit_bytes === null || limit_bytes >= spec.max_memory_mb * BYTES_PER_MB) return;
  const limitMb = Math.floor(limit_bytes / BYTES_PER_MB);
  part.warn(["spec", "max_memory_mb"], {
    code: "memory-limit-low",
    message: `The agent's budget is ${spec.max_memory_mb} MB, but this process is limited to ${limitMb} MB.`,
    reason: `The limit comes from ${limit_source}. A model has to fit within it.`,
    hint:
      `Set spec.max_memory_mb to ${limitMb} or less, or raise the limit: MemoryMax and MemoryHigh of a systemd unit, ` +
      "--memory of a container, resources.limits.memory of a pod.",
  });
}
