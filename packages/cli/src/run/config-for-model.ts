import { stat } from "node:fs/promises";
import path from "node:path";
import { BYTES_PER_MB, type NanoAgentConfigInput } from "@nanoagent/models";
import { DeviceMemoryProbe, DeviceProfiler } from "@nanoagent/profiler";

/** The config that a model file alone makes: named after it, allowed its size and the memory that there is. */
export async function configForModel(modelPath: string): Promise<NanoAgentConfigInput> {
  // A file that is not there is found out where every model file is looked at.
  const bytes = await stat(modelPath).then(
    ({ size }) => size,
    () => 0,
  );
  const device = await new DeviceProfiler().profile();
  const { available_bytes: available } = await new DeviceMemoryProbe().read();
  return {
    spec: {
      name: path.basename(modelPath, path.extname(modelPath)),
      max_memory_mb: Math.max(1, Math.min(device.memory_mb, Math.floor(available / BYTES_PER_MB))),
      max_model_size_mb: Math.max(1, Math.ceil(bytes / BYTES_PER_MB)),
    },
    device,
    model_path: modelPath,
  };
}
