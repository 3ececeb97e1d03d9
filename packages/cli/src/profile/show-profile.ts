import type { Writable } from "node:stream";
import { DeviceProfiler } from "@nanoagent/profiler";
import type { CommandAction } from "../command-line/command.js";
import { UsageError } from "../errors/usage-error.js";
import { exitCodes } from "../exit-codes.js";
import { formatFields, formatJson } from "../output/format.js";

const [MIN_SECONDS, MAX_SECONDS] = [1, 60];

/** Returns the width of the terminal, which would break lines anywhere; infinite for a file. */
function columnsOf(stdout: Writable & { columns?: number }): number {
  return stdout.columns ?? Number.POSITIVE_INFINITY;
}

export const showProfile: CommandAction = async (values, streams) => {
  const { json, measure, storage, seconds, detail, deep, data, save, record } = values;
  const { stdout } = streams;
  if ((storage !== undefined || seconds !== undefined) && !measure) {
    throw new UsageError({
      message: `--${storage === undefined ? "seconds" : "storage"} has no effect without --measure.`,
      hint: "nanoagent profile --help lists the options.",
    });
  }
  if (typeof seconds === "number" && (seconds < MIN_SECONDS || seconds > MAX_SECONDS)) {
    throw new UsageError({
      message: `--seconds takes a number from ${MIN_SECONDS} to ${MAX_SECONDS}.`,
      hint: "Omit it: 8 seconds are enough on an idle device.",
    });
  }
  if ((deep || data !== undefined) && !detail && !json && record === undefined) {
    throw new UsageError({
      message: `--${deep ? "deep" : "data"} has no effect without --detail, --json or --record.`,
      hint: "nanoagent profile --help lists the options.",
    });
  }
  const dataPath = typeof data === "string" ? data : undefined;
  const profiler = new DeviceProfiler();
  const isDetailed = detail || json;
  const device = isDetailed
    ? await profiler.profileInDetail({ dataPath, deep: deep === true })
    : await profiler.profile();
  if (typeof save === "string") await (await import("./save-device.js")).saveDevice(save, device);
  if (typeof record === "string") await (await import("./save-device.js")).saveRecording(record, dataPath);

  if (!json) {
    stdout.write(
      formatFields(13, {
        "Device ID": device.device_id,
        Platform: device.platform,
        Memory: `${device.memory_mb} MB`,
        "CPU Cores": String(device.cpu_cores),
        GPU: device.has_gpu ? "Yes" : "No",
      }),
    );
    if (device.details !== undefined)
      stdout.write((await import("./format-details.js")).formatDetails(device.details, columnsOf(stdout)));
  }
  if (measure) return (await import("./show-measurement.js")).showMeasurement(device, values, streams);
  if (json) stdout.write(formatJson(device));
  return exitCodes.done;
};
