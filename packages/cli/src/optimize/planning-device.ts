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

/** Device that plans are made for, and the agent's budget there. */
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

/** Returns the facts that the runtime needs to plan for another device. */
export function remoteDevice({ availableBytes, cpuFeatures, measurement }: PlanningDevice): RemoteDevice {
  return { availableBytes, cpuFeatures, measurement };
}

/** Share of a device's memory that an operating system without a desktop leaves free. */
const USABLE_SHARE = 0.75;
/** Largest device file. One with all details has 10 KB. */
const MAX_FILE_BYTES = 2 ** 20;

export async function readPlanningDevice(values: OptionValues): Promise<PlanningDevice> {
  const { device: wanted = "auto" } = values;
  const found = wanted === "auto" ? await thisDevice() : await deviceFromFile(String(wanted));
  const budgetMb = values["budget-mb"];
  return budgetMb === undefined ? found : withBudget(found, Number(budgetMb), "--budget-mb");
}

/** Returns a device with another budget, in MB of 2^20 bytes. A notice says if the device has less. */
export function withBudget(found: PlanningDevice, budgetMb: number, budgetSource: string): PlanningDevice {
  const budgetBytes = Math.floor(budgetMb * BYTES_PER_MB);
  const notices = [...found.notices];
  if (budgetBytes > found.budgetBytes) {
    const availableMb = Math.floor(found.budgetBytes / BYTES_PER_MB);
    notices.push(`The budget exceeds ${found.budgetSource}: ${availableMb} MB. Plans stay within that.`);
  }
  return { ...found, budgetBytes, budgetSource, notices };
}

async function thisDevice(): Promise<PlanningDevice> {
  const machine = new LocalMachine();
  const device = await new DeviceProfiler().profile();
  const { available_bytes, limit_source } = await new DeviceMemoryProbe().read();
  const { measurement, ignored, stale } = await readDeviceMeasurement();
  const notices: string[] = [];
  if (ignored !== null) notices.push(`The measurement of this device is not used: ${ignored}.`);
  if (stale !== null) notices.push(`The measurement of this device is not used: it was measured ${stale}.`);
  return {
    device,
    isThisOne: true,
    cpuFeatures: await readCpuFeatures(machine),
    availableBytes: available_bytes,
    budgetBytes: available_bytes,
    budgetSource:
      limit_source === null ? "the memory available now" : `the memory available now, under ${limit_source}`,
    measurement: stale === null ? measurement : null,
    notices,
  };
}

/** Reads the output of `nanoagent profile --json` of any version, with or without a measurement. */
async function deviceFromFile(path: string): Promise<PlanningDevice> {
  const data = await readJson(path);
  const { device_id, platform, memory_mb, cpu_cores, has_gpu, details, measured } = data;
  const fail = (cause: unknown): never => {
    throw new UsageError({
      message: `${path} does not describe a device that this version can read.`,
      reason: cause instanceof Error ? cause.message : undefined,
      hint: "Create it again with nanoagent profile --json of this version.",
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
  return { ...remotePlanningDevice(device, measurement, details), notices };
}

/** Returns a device that is not this machine, as it is described. Its budget is what is available there. */
export function remotePlanningDevice(
  device: EdgeDevice,
  measurement: DeviceMeasurement | null,
  details: unknown = device.details,
): PlanningDevice {
  const availableBytes = Math.floor(device.memory_mb * BYTES_PER_MB * USABLE_SHARE);
  return {
    device,
    isThisOne: false,
    cpuFeatures: featuresOf(details),
    availableBytes,
    budgetBytes: availableBytes,
    budgetSource: `three quarters of the memory of ${device.device_id}`,
    measurement,
    notices: [],
  };
}

/** Parses the measurement of a device. One in the format of another version is left out, with a notice. */
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
  const notices = [`The measurement in ${path} is not used: it has the format of another version.`];
  return { measurement: null, notices };
}

async function readJson(path: string): Promise<Record<string, unknown>> {
  const hint = "nanoagent profile --json > device.json creates one.";
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
    // Reported below.
  }
  throw new UsageError({ message: `${path} is not a device file: it does not contain a JSON object.`, hint });
}

function featuresOf(details: unknown): readonly string[] | null {
  if (!isObject(details) || !isObject(details.cpu) || !isObject(details.cpu.features)) return null;
  const { value } = details.cpu.features;
  return Array.isArray(value) && value.every((feature) => typeof feature === "string") ? value : null;
}
