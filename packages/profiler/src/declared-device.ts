import type { EdgeDevice } from "@nanoagent/models";
import type { Machine } from "./machine.js";

/**
 * Replaces fields of a device by the variables `NANOAGENT_DEVICE_ID`, `…_PLATFORM`, `…_MEMORY_MB`, `…_CPU_CORES` and
 * `…_HAS_GPU`. Invalid values are ignored.
 */
export function declaredDevice(environment: Machine["environment"], device: EdgeDevice): EdgeDevice {
  const declared = (name: string) => environment[`NANOAGENT_DEVICE_${name}`]?.trim() || null;
  const count = (name: string) => {
    const text = declared(name);
    return text !== null && /^[1-9]\d{0,8}$/.test(text) ? Number(text) : null;
  };
  const flag = declared("HAS_GPU");
  return {
    device_id: declared("ID") ?? device.device_id,
    platform: declared("PLATFORM") ?? device.platform,
    memory_mb: count("MEMORY_MB") ?? device.memory_mb,
    cpu_cores: count("CPU_CORES") ?? device.cpu_cores,
    has_gpu: flag === "true" || flag === "1" ? true : flag === "false" || flag === "0" ? false : device.has_gpu,
  };
}
