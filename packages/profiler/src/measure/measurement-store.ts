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

/** Largest file. Trials of a hundred models need 20 KB. */
const MAX_FILE_BYTES = 262_144;
/** Version of the file's form. */
const FORMAT = 1;
const MILLISECONDS_PER_DAY = 86_400_000;
/** Age at which a measurement is stale, because systems, firmware and coolers change. */
const STALE_AFTER_DAYS = 180;
/** Tolerance for the clocks of small boards, which can be off by minutes after a power loss. */
const CLOCK_DIFFERENCE_DAYS = 1;

export interface MeasurementStoreOptions {
  /** The measured machine, whose environment determines the file. Default: the one that runs this process. */
  machine?: Machine | undefined;
  /** The file. Default: {@link measurementPath} of the machine. */
  path?: string | undefined;
  /** The time, in milliseconds since 1970. Default: now. */
  now?: number | undefined;
}

export interface StoredMeasurement {
  path: string;
  /** Null if there is no measurement, or if the file is ignored (see `ignored`). */
  measurement: DeviceMeasurement | null;
  ignored: string | null;
  /** Why the measurement may be outdated, as the end of "This was measured …"; null if it is current. */
  stale: string | null;
}

/** The newly measured part. The rest of the file stays. */
export type MeasuredPart = Partial<Omit<DeviceMeasurement, "format" | "measured_at" | "device" | "thread_trials">>;

/**
 * Returns the path of `nanoagent/device-measurement.json` in the user's state folder: `$XDG_STATE_HOME`, or else
 * `~/.local/state`; on Windows `%LOCALAPPDATA%`. Relative folders are ignored, as in the XDG specification.
 */
export function measurementPath(machine: Pick<Machine, "environment" | "platform">): string {
  const { XDG_STATE_HOME, LOCALAPPDATA, HOME } = machine.environment;
  const file = "nanoagent/device-measurement.json";
  if (XDG_STATE_HOME?.startsWith("/")) return `${XDG_STATE_HOME}/${file}`;
  if (machine.platform === "win32" && LOCALAPPDATA) return `${LOCALAPPDATA}/${file}`;
  return `${HOME || homeFolder()}/.local/state/${file}`;
}

/** Returns the home folder; empty for a user without an entry in the user database, as for some services. */
function homeFolder(): string {
  try {
    return os.homedir();
  } catch {
    return "";
  }
}

/**
 * Reads the saved measurement of this device. Never rejects: a file that cannot be read, exceeds 256 KB or is not a
 * measurement is ignored, with the reason in `ignored`. A measurement of another device, or older than 180 days, is
 * returned with the reason in `stale`.
 */
export async function readDeviceMeasurement(options: MeasurementStoreOptions = {}): Promise<StoredMeasurement> {
  const { machine = new LocalMachine(), now = Date.now() } = options;
  const path = options.path ?? measurementPath(machine);
  const { measurement, ignored } = await readFile(machine, path);
  const stale = measurement === null ? null : staleness(measurement, await readMeasuredDevice(machine), now);
  return { path, measurement, ignored, stale };
}

/**
 * Saves a new measurement of this device. Other parts of the file stay, if they were measured on this device; another
 * `engine_version` removes the calibrations. The file is readable only by its owner and replaced atomically; of two
 * concurrent writers, the last one wins. Returns the path and, if an earlier file was discarded, the reason. Throws
 * {@link MeasurementError} if the file cannot be written, or if a newer version of this program wrote it: it is not changed.
 */
export async function writeDeviceMeasurement(
  part: MeasuredPart,
  options: MeasurementStoreOptions = {},
): Promise<{ path: string; measurement: DeviceMeasurement; replaced: string | null }> {
  const { machine = new LocalMachine(), now = Date.now() } = options;
  const path = options.path ?? measurementPath(machine);
  const device = await readMeasuredDevice(machine);
  const { measurement: before, ignored, isNewer } = await readFile(machine, path);
  if (isNewer) throw newerFile(path);
  const difference = before === null ? null : deviceDifference(before.device, device);
  const { engine_version = before?.engine_version } = part;
  const measurement = DeviceMeasurement.parse({
    ...nothingMeasured,
    ...(difference === null ? before : null),
    thread_trials: undefined,
    // Speeds of another engine version do not apply.
    ...(engine_version === before?.engine_version ? null : { calibrations: [] }),
    ...part,
    format: FORMAT,
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
): Promise<{ measurement: DeviceMeasurement | null; ignored: string | null; isNewer: boolean }> {
  const ignore = (ignored: string | null, isNewer = false) => ({ measurement: null, ignored, isNewer });
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
    return ignore(`${path} is not JSON`);
  }
  const isObject = data !== null;
  const { format } = (data ?? {}) as { format?: unknown };
  // Before the checksum, which another format may compute in another way.
  if (typeof format === "number" && format > FORMAT) return ignore(`a newer version of nanoagent wrote ${path}`, true);
  data = withoutChecksum(data);
  if (isObject && data === null) {
    return ignore(`${path} is damaged (wrong checksum; if you edited the file, remove the line "crc32")`);
  }
  const result = DeviceMeasurement.safeParse(data);
  if (result.success) return { measurement: result.value, ignored: null, isNewer: false };
  const [issue] = result.issues;
  const place = issue === undefined || issue.path.length === 0 ? "" : ` at ${issue.path.join(".")}`;
  return ignore(`${path} is not a measurement${place}: ${issue?.message ?? "it has another form"}`);
}

function newerFile(path: string): MeasurementError {
  return new MeasurementError({
    message: "The measurement was not saved.",
    reason: `A newer version of nanoagent wrote ${path}. It was not changed.`,
    hint: "Update nanoagent, or move that file away and measure again.",
  });
}

function staleness(measurement: DeviceMeasurement, here: DeviceMeasurement["device"], now: number): string | null {
  const difference = deviceDifference(measurement.device, here);
  if (difference !== null) return difference;
  // Without a clock, the age is unknown.
  if (!isClockSet(now) || !isClockSet(Date.parse(measurement.measured_at))) return null;
  const days = (now - Date.parse(measurement.measured_at)) / MILLISECONDS_PER_DAY;
  if (days > STALE_AFTER_DAYS) return `${Math.floor(days)} days ago`;
  return days < -CLOCK_DIFFERENCE_DAYS ? "at a time in the future of this clock" : null;
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
      message: `The measurement cannot be saved in ${path}.`,
      reason: cause instanceof Error ? cause.message : undefined,
      hint: "Set XDG_STATE_HOME to a writable folder.",
      cause,
    });
  }
}
