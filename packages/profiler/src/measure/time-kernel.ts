import { Worker } from "node:worker_threads";
import type { MeasuredRate } from "@nanoagent/models";
import { onAbort } from "../on-abort.js";
import { MeasurementError } from "./measurement-error.js";
import { rateOf } from "./rate-of.js";
import { WASM_PAGE_BYTES } from "./web-assembly.js";

/** What each thread does, again and again. Threads share the code and nothing else. */
export interface KernelJob {
  module: WebAssembly.Module;
  /** Which function of the module. */
  kernel: string;
  /** Its first argument, call after call: multiples of `step`; after `count` of them from 0 again. */
  addresses: { step: number; count: number };
  otherArguments: readonly number[];
  /** How many units of work one call is: what the rate counts. */
  unitsPerCall: number;
  /** Calls between two looks at the clock, which takes as long as some 500 multiplications. */
  callsPerLook: number;
  /** What one thread's memory must hold. */
  memoryBytes: number;
}

/** What all threads did together. */
export interface KernelTiming extends MeasuredRate {
  /** The share of a processor that each thread got meanwhile, 0 to 1. */
  processorShare: number;
}

export interface TimeKernelOptions {
  threads: number;
  seconds: number;
  signal?: AbortSignal | undefined;
}

/** Made of it, no number is one that processors are slow with, and no page of memory is the one that all zeros share. */
const FILLING = 0x31;
/** Code that is called often is compiled anew; by then it has been. */
const WARM_UP_SECONDS = 0.12;
/** Short, so that of many one is not disturbed; and as long as several turns of a scheduler. */
const WINDOW_SECONDS = 0.02;
/** All threads are awake by then, and wait for the moment. */
const START_AFTER_NANOSECONDS = 5_000_000n;
/** To be set up takes a thread 0.1 s; on the smallest boards, with a full buffer, 2 s. */
const SET_UP_SECONDS = 60;
/** A thread's own heap holds next to nothing. */
const HEAP_LIMITS = { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 1, codeRangeSizeMb: 8 };

/**
 * A thread. It is kept as text, so that a program which bundles this one needs no second file; Node's options say whether
 * it runs as a script or as a module. All that it knows comes as `workerData`. In what is shared lie the moment to start
 * at, in nanoseconds, and a 1 once it is set.
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
  // A window that was slept through in part is no shorter for that.
  callsPerSecond[window] = calls / (Math.max(Number(now - before), Number(windowNanoseconds)) / 1e9);
  before = now;
}
parentPort.postMessage(callsPerSecond);
`;

/**
 * How fast threads do this together: the best of many windows of 20 ms of time that are the same for all of them. The first
 * window begins at one moment for all, after each has warmed up.
 *
 * Takes `seconds` and about 0.2 s more. When the signal aborts, the threads end and its reason is thrown; a thread that
 * cannot be started or given its memory is a {@link MeasurementError}. No thread is left behind in any case.
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
    () => failure.reject(new MeasurementError({ message: "The threads that measure did not end in time." })),
    (SET_UP_SECONDS + 10 * seconds) * 1000,
  );
  try {
    for (let index = 0; index < threads; index++) {
      const worker = new Worker(THREAD, { eval: true, workerData, resourceLimits: HEAP_LIMITS, execArgv: [] });
      workers.push(worker);
      worker.once("error", (cause) => failure.reject(threadFailed(cause)));
      worker.once("exit", (code) => {
        // One that has told its figures ends by itself, maybe before the others have.
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
    message: "A thread that measures could not run.",
    reason: cause instanceof Error ? cause.message : undefined,
    hint: "Free some memory, or measure with fewer threads.",
    cause,
  });
}

/** Ends the wait for many things when one of several others goes wrong. */
class FirstFailure {
  readonly #promise: Promise<never>;
  reject: (reason: unknown) => void = () => {};

  constructor() {
    this.#promise = new Promise((_, reject) => {
      this.reject = reject;
    });
    // It may come when nobody waits any more.
    this.#promise.catch(() => {});
  }

  orAll<Value>(promises: readonly Promise<Value>[]): Promise<Value[]> {
    return Promise.race([this.#promise, Promise.all(promises)]);
  }
}
