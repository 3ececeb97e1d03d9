import type { MeasureDeviceOptions, MeasuredDevice } from "./device-measuring.js";

/**
 * Measures how fast this device reads memory, with one and with several threads, how fast one thread multiplies weights
 * of common types, and how fast its storage can be read.
 *
 * - Bandwidth is in bytes per second. Each thread reads a separate buffer. All buffers together are four times the
 *   largest cache, but at most an eighth of the memory available to this process.
 * - Dot products are in weights per second, for data in the nearest cache, with 128-bit instructions. Engines with
 *   wider instructions are faster.
 * - Each figure is the best of several; `spread` is the relative distance of the median. `contention` is the share of
 *   the processors that other processes used in the meantime. Temperatures are measured before and after.
 * - Figures that cannot be measured are left out, and a notice explains why.
 *
 * Rejects with the signal's reason, or with `MeasurementError` if not even one thread can run.
 */
export async function measureDevice(options: MeasureDeviceOptions = {}): Promise<MeasuredDevice> {
  options.signal?.throwIfAborted();
  // Loaded only when something is measured.
  const { runMeasurement } = await import("./run-measurement.js");
  return runMeasurement(options);
}
