import { DeviceProfiler } from "@nanoagent/profiler";
import type { CommandAction } from "../command.js";
import { UsageError } from "../errors/usage-error.js";
import { exitCodes } from "../exit-codes.js";
import { formatFields, formatJson } from "../output/format.js";

export const showProfile: CommandAction = async (values, streams) => {
  const { json, measure, storage } = values;
  const { stdout } = streams;
  if (storage !== undefined && !measure) {
    throw new UsageError({ message: "--storage goes with --measure.", hint: "nanoagent profile --help shows both." });
  }
  const device = await new DeviceProfiler().profile();
  const lines = formatFields(13, {
    "Device ID": device.device_id,
    Platform: device.platform,
    Memory: `${device.memory_mb} MB`,
    "CPU Cores": String(device.cpu_cores),
    GPU: device.has_gpu ? "Yes" : "No",
  });
  if (!json) stdout.write(lines);
  if (measure) return (await import("./show-measurement.js")).showMeasurement(device, values, streams);
  if (json) stdout.write(formatJson(device));
  return exitCodes.done;
};
