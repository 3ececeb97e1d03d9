import { open } from "node:fs/promises";
import { BYTES_PER_MB, DeviceMeasurement, EdgeDevice, NanoAgentError } from "@nanoagent/models";
import {
  DeviceMemoryProbe,
  DeviceProfiler,
  LocalMachine,
  readCpuFeatures,
  readDeviceMeasurement,
} from "@nanoagent/profiler";
import type { RemoteDevice } from "@nanoagent/runtime/engines/llama";
import { decodeText } from "@nanoagent/runtime/node";
import type { OptionValues } from "../command-line/command.js";
import { UsageError } from "../errors/usage-error.js";
import { isObject } from "../is-object.js";

/** The device that plans are made for, and the budget of the agent there. */
export interface PlanningDevice {
  device: EdgeDevice;
  isThisOne: boolean;
  cpuFeatures: readonly string[] | null;
  /** Memory of the device that an agent can have, in bytes. */
  availableBytes: number;
  /** Memory of the whole agent, in bytes: `--budget-mb`, or what is available. */
  budgetBytes: number;
  /** Origin of the budget, in words. */
  budgetSource: string;
  measurement: DeviceMeasurement | null;
  notices: string[];
}

/** Returns a device that is not this one as the runtime plans for it. */
export function remoteDevice({ availableBytes, cpuFeatures, measurement }: PlanningDevice): RemoteDevice {
  return { availableBytes, cpuFeatures, measurement };
}

/** Share of a device's memory that an operating system without a desktop leaves to others. */
const USABLE_SHARE = 0.75;
/** Largest device file. One with all details has 10 KB. */
const MAX_FILE_BYTES = 2 ** 20;

export async function readPlanningDevice(values: OptionValues): Promise<PlanningDevice> {
  const { device: wanted = "auto" } = values;
  const found = wanted === "auto" ? await thisDevice() : await deviceFromFile(String(wanted));
  const budgetMb = values["budget-mb"];
  if (budgetMb === undefined) return found;
  const budgetBytes = Math.floor(Number(budgetMb) * BYTES_PER_MB);
  const notices = [...found.notices];
  if (budgetBytes > found.budgetBytes) {
    const availableMb = Math.floor(found.budgetBytes / BYTES_PER_MB);
    notices.push(`The budget is more than ${found.budgetSource}: ${availableMb} MB. Plans are made within that.`);
  }
  return { ...found, budgetBytes, budgetSource: "--budget-mb", notices };
}

async function thisDevice(): Promise<PlanningDevice> {
  const machine = new LocalMachine();
  const device = await new DeviceProfiler().profile();
  const { available_bytes, limit_source } = await new DeviceMemoryProbe().read();
  const { measurement, ignored, stale } = await readDeviceMeasurement();
  const notices: string[] = [];
  if (ignored !== null) notices.push(`What was measured on this device is not used: ${ignored}.`);
  if (stale !== null) notices.push(`What was measured on this device is not used: it was measured ${stale}.`);
  return {
    device,
    isThisOne: true,
    cpuFeatures: await readCpuFeatures(machine),
    availableBytes: available_bytes,
    budgetBytes: available_bytes,
    budgetSource: limit_source === null ? "what is available now" : `what is available now, under ${limit_source}`,
    measurement: stale === null ? measurement : null,
    notices,
  };
}

/** Reads what `nanoagent profile --json` printed, of this version or another one, with or without what was measured. */
async function deviceFromFile(path: string): Promise<PlanningDevice> {
  const data = await readJson(path);
  const { device_id, platform, memory_mb, cpu_cores, has_gpu, details, measured } = data;
  const fail = (cause: unknown): never => {
    throw new UsageError({
      message: `${path} describes no device that this version knows.`,
      reason: cause instanceof Error ? cause.message : undefined,
      hint: "nanoagent profile --json writes such a file; write it anew with the version that reads it.",
      cause,
    });
  };
  let device: EdgeDevice;
  try {
    const stated = { device_id, platform, memory_mb, cpu_cores, has_gpu };
    device = EdgeDevice.parse(Object.fromEntries(Object.entries(stated).filter(([, value]) => value !== undefined)));
  } catch (error) {
    if (!NanoAgentError.isInstance(error)) throw error;
    return fail(error);
  }
  const { measurement, notices } = measurementOf(measured, device, path);
  const availableBytes = Math.floor(device.memory_mb * BYTES_PER_MB * USABLE_SHARE);
  return {
    device,
    isThisOne: false,
    cpuFeatures: featuresOf(details),
    availableBytes,
    budgetBytes: availableBytes,
    budgetSource: `three quarters of the memory of ${device.device_id}`,
    measurement,
    notices,
  };
}

/** Parses the measurement of a device. One that another version wrote in a form of its own is left out, with a notice. */
function measurementOf(
  measured: unknown,
  { platform, cpu_cores, memory_mb }: EdgeDevice,
  path: string,
): { measurement: DeviceMeasurement | null; notices: string[] } {
  if (!isObject(measured)) return { measurement: null, notices: [] };
  const parsed = DeviceMeasurement.safeParse({
    format: 1,
    measured_at: new Date(0).toISOString(),
    device: { platform, cpu_model: null, cpu_cores, memory_mb },
    engine_version: null,
    calibrations: [],
    ...measured,
  });
  if (parsed.success) return { measurement: parsed.value, notices: [] };
  const notices = [
    `What was measured according to ${path} is not used: another version wrote it in a form of its own.`,
  ];
  return { measurement: null, notices };
}

async function readJson(path: string): Promise<Record<string, unknown>> {
  const hint = "nanoagent profile --json > device.json writes one.";
  let text: string;
  try {
    const file = await open(path, "r");
    try {
      const status = await file.stat();
      if (!status.isFile() || status.size > MAX_FILE_BYTES) {
        throw new UsageError({ message: `${path} is not a device file.`, hint });
      }
      const decoded = decodeText(await file.readFile());
      if ("reason" in decoded)
        throw new UsageError({ message: `${path} is not a device file: ${decoded.reason}.`, hint });
      text = decoded.text;
    } finally {
      await file.close();
    }
  } catch (cause) {
    if (cause instanceof UsageError) throw cause;
    const reason = cause instanceof Error ? cause.message : undefined;
    throw new UsageError({ message: `The device file ${path} cannot be read.`, reason, hint, cause });
  }
  try {
    const data: unknown = JSON.parse(text);
    if (isObject(data)) return data;
  } catch {
    // Said below.
  }
  throw new UsageError({ message: `${path} is not a device file: it holds no JSON object.`, hint });
}

function featuresOf(details: unknown): readonly string[] | null {
  if (!isObject(details) || !isObject(details.cpu) || !isObject(details.cpu.features)) return null;
  const { value } = details.cpu.features;
  return Array.isArray(value) && value.every((feature) => typeof feature === "string") ? value : null;
}
