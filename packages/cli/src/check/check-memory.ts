import type { MemoryReading, NanoAgentConfig } from "@nanoagent/models";
import { DeviceMemoryProbe, type Machine, MEMORY_CONTROLLER_OFF } from "@nanoagent/profiler";
import { checkMemoryBudget } from "@nanoagent/runtime/node";
import type { CheckedPart, CheckReport } from "./check-report.js";

const BYTES_PER_MB = 2 ** 20;

/**
 * Checks the memory budget against the device and, with `machine`, against the limits that bind this process there.
 * Without it the agent is for another device.
 */
export async function checkMemory(
  report: CheckReport,
  config: NanoAgentConfig,
  machine: Machine | null,
): Promise<void> {
  const { spec, device } = config;
  const part = report.part("Memory");
  part.summary = `may take ${spec.max_memory_mb} of ${device.memory_mb} MB`;
  try {
    checkMemoryBudget(config);
  } catch (error) {
    part.reject(["spec", "max_memory_mb"], error);
    return;
  }
  if (machine === null) return;
  const reading = await new DeviceMemoryProbe({ machine }).read();
  if (reading.limit_source === MEMORY_CONTROLLER_OFF) warnOfNoController(part, config);
  else warnOfLowLimit(part, config, reading);
}

/** Limits are accepted there and ignored. An agent without a model and without tools has nothing that could grow. */
function warnOfNoController(part: CheckedPart, config: NanoAgentConfig): void {
  const hasProcesses = (config.tools ?? []).length > 0 || Object.keys(config.mcp_servers ?? {}).length > 0;
  const hasEngine = config.model_path !== null && config.engine?.isolation !== "none";
  if (!hasProcesses && config.model_path === null) return;
  const held = [...(hasEngine ? ["the engine's process"] : []), ...(hasProcesses ? ["the tools"] : [])];
  const holds =
    held.length === 0
      ? "No limit of the kernel holds a model in the program's own process."
      : `RLIMIT_DATA holds ${held.join(" and ")} instead.`;
  part.warn([], {
    code: "memory-control-off",
    message: "MemoryMax of systemd and --memory of Docker have no effect on this kernel.",
    reason: `The kernel was started without control of memory (cgroup_disable=memory). ${holds}`,
    hint:
      "To switch it on, put cgroup_enable=memory on the kernel's command line and restart. On Raspberry Pi OS that is " +
      "the one line of /boot/firmware/cmdline.txt.",
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
    message: `The agent may take ${spec.max_memory_mb} MB, and the limit on this process is ${limitMb} MB.`,
    reason: `The limit is that of ${limit_source}. A model has to fit within it.`,
    hint:
      `Set spec.max_memory_mb to ${limitMb} or less, or raise the limit: MemoryMax and MemoryHigh of a systemd unit, ` +
      "--memory of a container, resources.limits.memory of a pod.",
  });
}
