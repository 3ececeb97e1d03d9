import type { BandwidthRow, DeviceDetails, DotProductRow } from "@nanoagent/models";
import { readCpuDetails } from "../cpu/read-cpu-details.js";
import { knownValue } from "../details/known-value.js";
import { LocalMachine } from "../local-machine.js";
import { MachineSnapshot } from "../machine-snapshot.js";
import { DeviceMemoryProbe } from "../memory/device-memory-probe.js";
import { readThermalDetails } from "../thermal/read-thermal-details.js";
import type { MeasureDeviceOptions, MeasuredDevice } from "./device-measuring.js";
import { type DotProductFormat, dotProductFormats, kernelModule } from "./kernel-module.js";
import { measureStorage } from "./measure-storage.js";
import { MeasurementError } from "./measurement-error.js";
import { CHUNK_BYTES, planMeasurement } from "./plan-measurement.js";
import { othersShare, readProcessorUse } from "./processor-use.js";
import { type KernelJob, timeKernel } from "./time-kernel.js";
import { webAssembly } from "./web-assembly.js";

const DEFAULT_SECONDS = 8;
const [MIN_SECONDS, MAX_SECONDS] = [1, 60];
const BANDWIDTH_SHARE = 0.6;
const DOT_PRODUCT_SHARE = 0.25;
const STORAGE_SHARE = 0.15;
/** Passes over the storage: one writes, one reads. */
const STORAGE_PASSES = 2;
/** Time of a round of threads in addition to its measured time. */
const ROUND_OVERHEAD_SECONDS = 0.25;
const MIN_ROUND_SECONDS = 0.2;
/** Weights per row. With activations a row has up to 9 KB and fits in the smallest L1 cache of 16 KB. */
const ROW_WEIGHTS = 4096;
/** Contention from which the figures are affected. Other processes always cause a little. */
const NOTABLE_CONTENTION = 0.1;

/** Runs all steps of {@link measureDevice}, one after the other. */
export async function runMeasurement(options: MeasureDeviceOptions): Promise<MeasuredDevice> {
  const { signal, onProgress, storagePath = ".", machine = new LocalMachine() } = options;
  const seconds = Math.min(MAX_SECONDS, Math.max(MIN_SECONDS, options.seconds ?? DEFAULT_SECONDS));
  const cpu = await readCpuDetails(new MachineSnapshot(machine));
  const usableCores = Math.min(machine.cpuCount, knownValue(cpu.usable_cores) ?? machine.cpuCount);
  const { bandwidth: rounds, notices } = planMeasurement({
    cores: usableCores,
    availableBytes: (await new DeviceMemoryProbe({ machine }).read()).available_bytes,
    cacheBytes: largestCache(cpu),
  });
  notices.push(...reservations(cpu));
  const heatBefore = await readThermalDetails(new MachineSnapshot(machine));
  const useBefore = await readProcessorUse(machine);

  const steps = rounds.length + dotProductFormats.length + (storagePath === null ? 0 : 1);
  let stepsDone = 0;
  const begin = (step: string) => {
    signal?.throwIfAborted();
    onProgress?.({ step, share: stepsDone / steps });
    stepsDone += 1;
  };

  const bytes = kernelModule();
  const bandwidth: BandwidthRow[] = [];
  const dot_products: DotProductRow[] = [];
  let processorShare: number | null = null;
  if (webAssembly.validate(bytes)) {
    const module = new webAssembly.Module(bytes);
    const roundSeconds = secondsOfRound(seconds * BANDWIDTH_SHARE, rounds.length);
    for (const { threads, bytesPerThread } of rounds) {
      begin(`memory, ${threads} ${threads === 1 ? "thread" : "threads"}`);
      try {
        const timing = await timeKernel(readingOf(module, bytesPerThread), { threads, seconds: roundSeconds, signal });
        bandwidth.push({ threads, per_second: timing.per_second, spread: timing.spread });
        processorShare = threads >= usableCores ? timing.processorShare : null;
      } catch (error) {
        if (!MeasurementError.isInstance(error) || bandwidth.length === 0) throw error;
        notices.push(`The measurement with ${threads} threads failed: ${error.reason ?? error.message}`);
        break;
      }
    }
    const dotSeconds = secondsOfRound(seconds * DOT_PRODUCT_SHARE, dotProductFormats.length);
    for (const format of dotProductFormats) {
      begin(`products of ${format.type}`);
      const { per_second, spread } = await timeKernel(rowOf(module, format), {
        threads: 1,
        seconds: dotSeconds,
        signal,
      });
      dot_products.push({ type: format.type, per_second, spread });
    }
  } else {
    notices.push("Memory was not measured: this processor has no vector instructions that WebAssembly can use.");
  }

  let storage_read = null;
  if (storagePath !== null) {
    begin("storage");
    const partSeconds = (seconds * STORAGE_SHARE) / STORAGE_PASSES;
    const { rate, notice } = await measureStorage(storagePath, { seconds: partSeconds, signal });
    storage_read = rate;
    notices.push(notice);
  }
  signal?.throwIfAborted();

  // If the system does not report it, threads on all cores show it: other processes used the time that they did not
  // get.
  const missing = processorShare === null || usableCores < machine.cpuCount ? null : 1 - processorShare;
  const contention = othersShare(useBefore, await readProcessorUse(machine)) ?? missing;
  if (contention !== null && contention >= NOTABLE_CONTENTION) {
    const percent = Math.round(contention * 100);
    notices.push(`Other processes used ${percent} % of the processors: an idle device is faster than this.`);
  }
  const heatAfter = await readThermalDetails(new MachineSnapshot(machine));
  if (knownValue(heatBefore.is_throttled) === true || knownValue(heatAfter.is_throttled) === true) {
    notices.push("The processor is throttled because of heat, power supply or settings.");
  }
  const [before, after] = [knownValue(heatBefore.temperature_celsius), knownValue(heatAfter.temperature_celsius)];
  const temperature_celsius = before === null || after === null ? null : { before, after };
  return { figures: { bandwidth, dot_products, storage_read, contention, temperature_celsius }, notices };
}

function secondsOfRound(seconds: number, rounds: number): number {
  return Math.max(MIN_ROUND_SECONDS, seconds / rounds - ROUND_OVERHEAD_SECONDS);
}

function readingOf(module: WebAssembly.Module, bytes: number): KernelJob {
  return {
    module,
    kernel: "sum_words",
    addresses: { step: CHUNK_BYTES, count: bytes / CHUNK_BYTES },
    otherArguments: [CHUNK_BYTES],
    unitsPerCall: CHUNK_BYTES,
    callsPerLook: 1,
    memoryBytes: bytes,
  };
}

function rowOf(module: WebAssembly.Module, format: DotProductFormat): KernelJob {
  const blocks = ROW_WEIGHTS / format.weightsPerBlock;
  const activationsAt = blocks * format.weightBlockBytes;
  return {
    module,
    kernel: format.kernel,
    addresses: { step: 0, count: 1 },
    otherArguments: [activationsAt, blocks],
    unitsPerCall: ROW_WEIGHTS,
    callsPerLook: 64,
    memoryBytes: activationsAt + blocks * format.activationBlockBytes,
  };
}

/** Returns the total size of the last-level caches, because threads on all cores use all of them. */
function largestCache(cpu: DeviceDetails["cpu"]): number | null {
  const sizes = (knownValue(cpu.caches) ?? [])
    .filter(({ type }) => type !== "instruction")
    .map(({ size_bytes, count }) => size_bytes * count);
  return sizes.length === 0 ? null : Math.max(...sizes);
}

/** Returns notices about conditions that make all figures unreliable. */
function reservations(cpu: DeviceDetails["cpu"]): string[] {
  const notices: string[] = [];
  if (knownValue(cpu.is_emulated) === true)
    notices.push("This program runs in an emulator: the figures are those of the emulator.");
  const cores = knownValue(cpu.usable_cores);
  if (cores !== null && !Number.isInteger(cores)) {
    notices.push(`A quota limits this process to ${cores} cores: the figures are the best moments within it.`);
  }
  return notices;
}
