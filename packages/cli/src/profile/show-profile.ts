import { DeviceProfiler } from "@nanoagent/profiler";
import type { CommandAction } from "../command.js";
import { exitCodes } from "../exit-codes.js";
import { formatFields, formatJson } from "../output/format.js";

export const showProfile: CommandAction = async ({ json }, { stdout }) => {
  const device = await new DeviceProfiler().profile();
  stdout.write(
    json
      ? formatJson(device)
      : formatFields(13, {
          "Device ID": device.device_id,
          Platform: device.platform,
          Memory: `${device.memory_mb} MB`,
          "CPU Cores": String(device.cpu_cores),
          GPU: device.has_gpu ? "Yes" : "No",
        }),
  );
  return exitCodes.done;
};
