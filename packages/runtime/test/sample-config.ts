import type { NanoAgentConfigInput } from "@nanoagent/models";

export const sampleDevice = {
  device_id: "rpi4-4core",
  platform: "linux-aarch64",
  memory_mb: 4096,
  cpu_cores: 4,
  has_gpu: false,
};

export function sampleConfig(changes: Partial<NanoAgentConfigInput> = {}): NanoAgentConfigInput {
  return { spec: { name: "field-assistant", max_memory_mb: 256 }, device: sampleDevice, ...changes };
}
