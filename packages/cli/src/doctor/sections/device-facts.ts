import { DeviceProfiler } from "@nanoagent/profiler";
import type { PartFacts } from "../report-section.js";

/** Gathers what `nanoagent profile --detail` shows. */
export async function gatherDevice(): Promise<PartFacts> {
  const device = await new DeviceProfiler().profileInDetail();
  const { platform, memory_mb, cpu_cores } = device;
  const cores = `${cpu_cores} ${cpu_cores === 1 ? "core" : "cores"}`;
  return { summary: `${platform}, ${memory_mb} MB, ${cores}`, data: device };
}
