import { Worker } from "node:worker_threads";
import type { MeasuredRate } from "@nanoagent/models";
import { onAbort } from "../on-abort.js";
import { MeasurementError } from "./measurement-error.js";
import { rateOf } from "./rate-of.js";
import { WASM_PAGE_BYTES } from "./web-assembly.js";

/** The job that each thread repeats. Threads share only the code. */
export interface KernelJob {
  module: WebAssembly.Module;
  /** Name of the exported function. */
  kernel: string;
  /** First argument of consecutive calls: multiples of `step`, which start again at 0 after `count` calls. */
  addresses: { step: number; count: number };
  otherArguments: readonly number[];
  /** Units of work per call, which the rate counts. */
  unitsPerCall: number;
  /** Calls between two reads of the clock, each of which takes as long as about 500 multiplications. */
  callsPerLook: number;
  /** Memory that one thread needs. */
  memoryBytes: number;
}

/** Rate of all threads together. */
export interface KernelTiming extends MeasuredRate {
  /** Share of a processor that each thread got, from 0 to 1. */
  processorShare: number;
}

export interface TimeKernelOptions {
  threads: number;
  seconds: number;
  signal?: AbortSignal | undefined;
}

/** Byte to fill memory with. Avoids numbers that processors are slow with, and the shared zero page. */
const FILLING = 0x31;
/** Warm-up time, after which frequently called code has been optimized. */
const WARM_UP_SECONDS = 0.12;
/** Length of a window: short enough that some windows are undisturbed, and longer than several scheduler ticks. */
const WINDOW_SECONDS = 0.02;
/** Delay of the common start, so that all threads are awake and waiting. */
const START_AFTER_NANOSECONDS = 5_000_000n;
/** Longest setup of a thread. It usually takes 0.1 s, or 2 s on the smallest boards with a full buffer. */
const SET_UP_SECONDS = 60;
/** Heap limits of a thread, which needs almost no heap. */
const HEAP_LIMITS = { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 1, codeRangeSizeMb: 8 };

/**
 * Source of a thread. It is a text, so that bundled programs need no second file; depending on Node's options it runs
 * as a script or as a module. All input comes as `workerData`. The shared memory holds the start time in nanoseconds,
 * and a 1 once it is set.
 */
const THREAD = `
const { parentPort, workerData } = process.getBuiltinModule("node:worker_threads");
const { job, pages, filling, warmUpNanoseconds, windows, windowNanoseconds, shared } = workerData;
const startsAt = new BigInt64Array(shared, 0, 1);
const isSet = new Int32Array(shared, 8, 1);
const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
new Uint8Array(memory.buffer).fill(filling);
const kernel = new WebAssembly.Instance(job.module, { environment: { memory } }).exports[job.kernel];
const { step, count } = job.addresses;
let next = 0;
function callUntil(end) {
  let calls = 0;
  for (;;) {
    for (let index = 0; index < job.callsPerLook; index++) {
      kernel(next * step, ...job.otherArguments);
      next = next + 1 === count ? 0 : next + 1;
    }
    calls += job.callsPerLook;
    const now = process.hrtime.bigint();
    if (now >= end) return { calls, now };
  }
}
callUntil(process.hrtime.bigint() + warmUpNanoseconds);
parentPort.postMessage("ready");
Atomics.wait(isSet, 0, 0);
while (process.hrtime.bigint() < startsAt[0]);
const callsPerSecond = new Float64Array(windows);
let before = startsAt[0];
for (let window = 0; window < windows; window++) {
  const { calls, now } = callUntil(startsAt[0] + BigInt(window + 1) * windowNanoseconds);
  // A partly missed window still counts with its full length.
  callsPerSecond[window] = calls / (Math.max(Number(now - before), Number(windowNanoseconds)) / 1e9);
  before = now;
}
parentPort.postMessage(callsPerSecond);
`;

/**
 * Measures how fast threads run a job together: the best of many windows of 20 ms, which are the same for all threads.
 * The first window begins after all threads have warmed up.
 *
 * Takes about 0.2 s longer than `seconds`. When the signal aborts, the threads end and its reason is thrown. Throws
 * {@link MeasurementError} if a thread cannot be started or get its memory. All threads have ended in any case.
 */
export async function timeKernel(
  job: KernelJob,
  { threads, seconds, signal }: TimeKernelOptions,
): Promise<KernelTiming> {
  signal?.throwIfAborted();
  const shared = new SharedArrayBuffer(16);
  const windows = Math.max(1, Math.round(seconds / WINDOW_SECONDS));
  const workerData = {
    job,
    pages: Math.ceil(job.memoryBytes / WASM_PAGE_BYTES),
    filling: FILLING,
    warmUpNanoseconds: BigInt(WARM_UP_SECONDS * 1e9),
    windows,
    windowNanoseconds: BigInt(WINDOW_SECONDS * 1e9),
    shared,
  };
  const workers: Worker[] = [];
  const failure = new FirstFailure();
  const stopListening = onAbort(signal, () => failure.reject(signal?.reason));
  const tooLate = setTimeout(
    () => failure.reject(new MeasurementError({ message: "The measuring threads did not end in time." })),
    (SET_UP_SECONDS + 10 * seconds) * 1000,
  );
  try {
    for (let index = 0; index < threads; index++) {
      const worker = new Worker(THREAD, { eval: true, workerData, resourceLimits: HEAP_LIMITS, execArgv: [] });
      workers.push(worker);
      worker.once("error", (cause) => failure.reject(threadFailed(cause)));
      worker.once("exit", (code) => {
        // A thread that has reported its figures ends by itself, possibly before the others.
        if (code !== 0) failure.reject(threadFailed());
      });
    }
    await failure.orAll(workers.map((worker) => nextMessage(worker)));
    const results = workers.map((worker) => nextMessage(worker));
    const processorTime = process.cpuUsage();
    const startsAt = process.hrtime.bigint() + START_AFTER_NANOSECONDS;
    new BigInt64Array(shared, 0, 1)[0] = startsAt;
    const isSet = new Int32Array(shared, 8, 1);
    Atomics.store(isSet, 0, 1);
    Atomics.notify(isSet, 0);
    const ratesByThread = (await failure.orAll(results)) as Float64Array[];
    const elapsedSeconds = Number(process.hrtime.bigint() - startsAt) / 1e9;
    const { user, system } = process.cpuUsage(processorTime);
    const rates = Array.from({ length: windows }, (_, window) =>
      ratesByThread.reduce((sum, callsPerSecond) => sum + (callsPerSecond[window] ?? 0) * job.unitsPerCall, 0),
    );
    const processorShare = Math.min(1, (user + system) / 1e6 / (threads * elapsedSeconds));
    return { ...rateOf(rates), processorShare };
  } finally {
    clearTimeout(tooLate);
    stopListening();
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

function nextMessage(worker: Worker): Promise<unknown> {
  return new Promise((resolve) => worker.once("message", resolve));
}

function threadFailed(cause?: unknown): MeasurementError {
  return new MeasurementError({
    message: "A measuring thread could not run.",
    reason: cause instanceof Error ? cause.message : undefined,
    hint: "Free some memory, or measure with fewer threads.",
    cause,
  });
}

/** Rejects a wait for several promises when something else fails. */
class FirstFailure {
  readonly #promise: Promise<never>;
  reject: (reason: unknown) => void = () => {};

  constructor() {
    this.#promise = new Promise((_, reject) => {
      this.reject = reject;
    });
    // It may reject after the wait has ended.
    this.#promise.catch(() => {});
  }

  orAll<Value>(promises: readonly Promise<Value>[]): Promise<Value[]> {
    return Promise.race([this.#promise, Promise.all(promises)]);
  }
}
