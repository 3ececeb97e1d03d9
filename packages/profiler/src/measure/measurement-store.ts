import { promises } from "node:fs";
import os from "node:os";
import { dirname } from "node:path";
import { DeviceMeasurement, isClockSet } from "@nanoagent/models";
import { LocalMachine } from "../local-machine.js";
import type { Machine } from "../machine.js";
import { MachineReadError } from "../machine-read-error.js";
import { makeFolder } from "./make-folder.js";
import { deviceDifference, readMeasuredDevice } from "./measured-device.js";
import { withChecksum, withoutChecksum } from "./measurement-checksum.js";
import { MeasurementError } from "./measurement-error.js";

/** Trials of a hundred models take 20 KB. */
const MAX_FILE_BYTES = 262_144;
const MILLISECONDS_PER_DAY = 86_400_000;
/** Systems, firmware and coolers change in half a year. */
const STALE_AFTER_DAYS = 180;
/** Clocks of small boards that were without power differ by minutes once they are set. */
const CLOCK_DIFFERENCE_DAYS = 1;

export interface MeasurementStoreOptions {
  /** The machine that it must be of, and whose environment says where it lies. Default: the one this process runs on. */
  machine?: Machine | undefined;
  /** The file. Default: {@link measurementPath} of the machine. */
  path?: string | undefined;
  /** The time, in milliseconds since 1970. Default: now. */
  now?: number | undefined;
}

export interface StoredMeasurement {
  path: string;
  /** Null where nothing was measured, and where `ignored` says why what is there counts for nothing. */
  measurement: DeviceMeasurement | null;
  ignored: string | null;
  /** Why it may not hold any more, as the end of "This was measured …"; null where nothing speaks against it. */
  stale: string | null;
}

/** What one who measures knows; the rest of the file stays. */
export type MeasuredPart = Partial<Omit<DeviceMeasurement, "format" | "measured_at" | "device" | "thread_trials">>;

/**
 * `nanoagent/device-measurement.json` in the user's state folder: `$XDG_STATE_HOME`, else `~/.local/state`; on Windows
 * `%LOCALAPPDATA%`. A relative folder counts for none, as the XDG specification has it.
 */
export function measurementPath(machine: Pick<Machine, "environment" | "platform">): string {
  const { XDG_STATE_HOME, LOCALAPPDATA, HOME } = machine.environment;
  const file = "nanoagent/device-measurement.json";
  if (XDG_STATE_HOME?.startsWith("/")) return `${XDG_STATE_HOME}/${file}`;
  if (machine.platform === "win32" && LOCALAPPDATA) return `${LOCALAPPDATA}/${file}`;
  return `${HOME || homeFolder()}/.local/state/${file}`;
}

/** A user without an entry in the system's list, as a service may have, has none; nothing can be kept there. */
function homeFolder(): string {
  try {
    return os.homedir();
  } catch {
    return "";
  }
}

/**
 * What was measured on this device and kept. Never rejects: a file that cannot be read, is larger than 256 KB or is no
 * measurement is `ignored`, with the reason. One of another device, or older than 180 days, is given with what is
 * `stale` about it.
 */
export async function readDeviceMeasurement(options: MeasurementStoreOptions = {}): Promise<StoredMeasurement> {
  const { machine = new LocalMachine(), now = Date.now() } = options;
  const path = options.path ?? measurementPath(machine);
  const { measurement, ignored } = await readFile(machine, path);
  const stale = measurement === null ? null : staleness(measurement, await readMeasuredDevice(machine), now);
  return { path, measurement, ignored, stale };
}

/**
 * Keeps what was measured on this device just now. What others wrote into the file stays, when it was measured on this
 * device: a part that is given replaces that part alone; with another `engine_version`, what engines were tried for is
 * dropped. The file is readable by its owner only and is replaced in one
 * step, so a reader sees the old one or the new one; of two who write at once, the last wins.
 * Returns where it lies and, where a file had to give way, why. Throws {@link MeasurementError} when it cannot be written.
 */
export async function writeDeviceMeasurement(
  part: MeasuredPart,
  options: MeasurementStoreOptions = {},
): Promise<{ path: string; measurement: DeviceMeasurement; replaced: string | null }> {
  const { machine = new LocalMachine(), now = Date.now() } = options;
  const path = options.path ?? measurementPath(machine);
  const device = await readMeasuredDevice(machine);
  const { measurement: before, ignored } = await readFile(machine, path);
  const difference = before === null ? null : deviceDifference(before.device, device);
  const { engine_version = before?.engine_version } = part;
  const measurement = DeviceMeasurement.parse({
    ...nothingMeasured,
    ...(difference === null ? before : null),
    thread_trials: undefined,
    // Another engine's speeds say nothing of this one's.
    ...(engine_version === before?.engine_version ? null : { calibrations: [] }),
    ...part,
    format: 1,
    measured_at: new Date(now).toISOString(),
    device,
  });
  await replaceFile(path, withChecksum(measurement));
  return { path, measurement, replaced: ignored ?? (difference === null ? null : `it was measured ${difference}`) };
}

const nothingMeasured: Required<MeasuredPart> = {
  engine_version: null,
  bandwidth: [],
  dot_products: [],
  storage_read: null,
  contention: null,
  temperature_celsius: null,
  calibrations: [],
};

async function readFile(
  machine: Machine,
  path: string,
): Promise<{ measurement: DeviceMeasurement | null; ignored: string | null }> {
  const ignore = (ignored: string | null) => ({ measurement: null, ignored });
  let text: string;
  try {
    text = await machine.readText(path, MAX_FILE_BYTES + 1);
  } catch (error) {
    const errno = error instanceof MachineReadError ? error.errno : "EIO";
    return ignore(errno === "ENOENT" ? null : `${path} cannot be read (${errno})`);
  }
  if (Buffer.byteLength(text) > MAX_FILE_BYTES) return ignore(`${path} is larger than ${MAX_FILE_BYTES / 1024} KB`);
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    return ignore(`${path} is no JSON`);
  }
  const isObject = data !== null;
  data = withoutChecksum(data);
  if (isObject && data === null) {
    return ignore(`${path} is damaged (its checksum does not fit; remove the line "crc32" if you edited the file)`);
  }
  const result = DeviceMeasurement.safeParse(data);
  if (result.success) return { measurement: result.value, ignored: null };
  const [issue] = result.issues;
  const place = issue === undefined || issue.path.length === 0 ? "" : ` at ${issue.path.join(".")}`;
  return ignore(`${path} is no measurement${place}: ${issue?.message ?? "it has another form"}`);
}

function staleness(measurement: DeviceMeasurement, here: DeviceMeasurement["device"], now: number): string | null {
  const difference = deviceDifference(measurement.device, here);
  if (difference !== null) return difference;
  // A board without a clock says nothing of the time that has passed.
  if (!isClockSet(now) || !isClockSet(Date.parse(measurement.measured_at))) return null;
  const days = (now - Date.parse(measurement.measured_at)) / MILLISECONDS_PER_DAY;
  if (days > STALE_AFTER_DAYS) return `${Math.floor(days)} days ago`;
  return days < -CLOCK_DIFFERENCE_DAYS ? "at a time that this clock has not reached" : null;
}

async function replaceFile(path: string, text: string): Promise<void> {
  const temporary = `${path}.${process.pid}-${process.hrtime.bigint().toString(36)}`;
  try {
    await makeFolder(dirname(path), 0o700);
    const file = await promises.open(temporary, "wx", 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await promises.rename(temporary, path);
  } catch (cause) {
    await promises.rm(temporary, { force: true }).catch(() => {});
    throw new MeasurementError({
      message: `The measurement cannot be kept in ${path}.`,
      reason: cause instanceof Error ? cause.message : undefined,
      hint: "XDG_STATE_HOME names a folder that can be written to.",
      cause,
    });
  }
}
