import type { EdgeDevice, FitRequest } from "@nanoagent/models";

export const sampleDevice: EdgeDevice = {
  device_id: "pi5",
  platform: "linux-x86_64",
  memory_mb: 4096,
  cpu_cores: 4,
  has_gpu: false,
};

export const sampleRequest: FitRequest = {
  model_path: "model.gguf",
  device: sampleDevice,
  budget_bytes: 256 * 2 ** 20,
  context_tokens: "auto",
  cpu_features: ["avx2"],
};
