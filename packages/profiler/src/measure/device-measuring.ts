import type { DeviceMeasurement } from "@nanoagent/models";
import type { Machine } from "../machine.js";

export interface MeasureDeviceOptions {
  /** Cancels the measurement. The promise rejects with the signal's reason after all threads and files are removed. */
  signal?: AbortSignal | undefined;
  /** Called before each step. */
  onProgress?: ((progress: MeasureProgress) => void) | undefined;
  /** Approximate duration, from 1 to 60. Each step is repeated for its share of it. Default: 8. */
  seconds?: number | undefined;
  /** A file to read, or a folder to write one in. Null: storage is not measured. Default: the working directory. */
  storagePath?: string | null | undefined;
  /** Facts about the machine that runs this process. Default: read from the system. */
  machine?: Machine | undefined;
}

export interface MeasureProgress {
  /** Name of the next step: `memory, 2 threads`. */
  step: string;
  /** Completed share of the measurement, from 0 to 1. */
  share: number;
}

/** Measured figures, as saved by `writeDeviceMeasurement`. */
export type MeasuredFigures = Pick<
  DeviceMeasurement,
  "bandwidth" | "dot_products" | "storage_read" | "contention" | "temperature_celsius"
>;

export interface MeasuredDevice {
  figures: MeasuredFigures;
  /** Sentences that explain the figures to people. */
  notices: string[];
}
