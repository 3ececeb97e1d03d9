import type { MeasureDeviceOptions, MeasuredDevice } from "./device-measuring.js";

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
 * - What cannot be measured here is left out, and a notice says why.
 *
 * Rejects with the signal's reason, and with `MeasurementError` where not even one thread can be run.
 */
export async function measureDevice(options: MeasureDeviceOptions = {}): Promise<MeasuredDevice> {
  options.signal?.throwIfAborted();
  // Not loaded by a program that does not measure.
  const { runMeasurement } = await import("./run-measurement.js");
  return runMeasurement(options);
}
