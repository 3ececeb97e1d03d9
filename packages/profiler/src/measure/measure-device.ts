import type { DeviceMeasurement } from "@nanoagent/models";
import type { Machine } from "../machine.js";

export interface MeasureDeviceOptions {
  /** Ends it at once: every thread and file is gone when the promise rejects, with the signal's reason. */
  signal?: AbortSignal | undefined;
  /** Called before each part. */
  onProgress?: ((progress: MeasureProgress) => void) | undefined;
  /** How long it takes, about; each part is repeated for its share of it. Default: 8; from 1 to 60. */
  seconds?: number | undefined;
  /** A file, or a folder where one is written, on the storage to be read. Default: the working directory; null: none. */
  storagePath?: string | null | undefined;
  /** The machine whose facts say what is measured and how. Default: the one this process runs on, as it must be. */
  machine?: Machine | undefined;
}

export interface MeasureProgress {
  /** What is measured next: `memory, 2 threads`. */
  step: string;
  /** Of the whole, 0 to 1. */
  share: number;
}

/** What `writeDeviceMeasurement` keeps of it. */
export type MeasuredFigures = Pick<
  DeviceMeasurement,
  "bandwidth" | "dot_products" | "storage_read" | "contention" | "temperature_celsius"
>;

export interface MeasuredDevice {
  figures: MeasuredFigures;
  /** What one should know about the figures: sentences. */
  notes: string[];
}

/**
 * How fast this device reads memory, with one thread and with more; how fast one thread multiplies weights of common
 * types; how fast its storage is read.
 *
 * - Bandwidth is in bytes per second, of threads that each read a buffer of their own. Together these are four times the
 *   largest cache, and never more than an eighth of the memory that is available to this process.
 * - Dot products are in weights per second, of data in the nearest cache, by 128-bit instructions: engines that use wider
 *   ones are faster.
 * - Each figure is the best of several; `spread` says how much worse the median was. `contention` is the share of the
 *   processors that other processes used meanwhile. The temperature is that before and after.
 * - What cannot be measured here is left out, and a note says why.
 *
 * Rejects with the signal's reason, and with `MeasurementError` where not even one thread can be run.
 */
export async function measureDevice(options: MeasureDeviceOptions = {}): Promise<MeasuredDevice> {
  options.signal?.throwIfAborted();
  // Not loaded by a program that does not measure.
  const { runMeasurement } = await import("./run-measurement.js");
  return runMeasurement(options);
}
