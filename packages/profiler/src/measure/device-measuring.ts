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
  /** Name of the next measurement: `memory, 2 threads`. */
  step: string;
  /** Of the whole, 0 to 1. */
  share: number;
}

/** Figures of a measurement that `writeDeviceMeasurement` saves. */
export type MeasuredFigures = Pick<
  DeviceMeasurement,
  "bandwidth" | "dot_products" | "storage_read" | "contention" | "temperature_celsius"
>;

export interface MeasuredDevice {
  figures: MeasuredFigures;
  /** Sentences about the figures that a reader should know. */
  notices: string[];
}
