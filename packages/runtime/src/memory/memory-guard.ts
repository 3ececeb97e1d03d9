import type { MemoryProbe, MemoryReading } from "@nanoagent/models";
import { runningPrograms } from "../processes/launch-program.js";
import type { MemoryPressureEvent, ProcessShare } from "./memory-report.js";
import { PagingDetector } from "./paging-detector.js";
import type { Reservations } from "./reservations.js";

const BYTES_PER_MB = 2 ** 20;

/** What a program that embeds the runtime adds itself, over months: the history, its buffers, the channel to the host. */
export const PROGRAM_BYTES = 16 * BYTES_PER_MB;
/** Of the device's memory so much stays free: below it the kernel begins to look for pages, and everything is slow. */
const DEVICE_RESERVE_SHARE = 0.02;
const DEVICE_RESERVE_BYTES = 16 * BYTES_PER_MB;
/** The share of its time in which something waits for memory, from which on the device is short of it. */
const PRESSED_PERCENT = 40;

const BUSY_MILLISECONDS = 250;
const IDLE_MILLISECONDS = 2000;
/** The device is looked at once a second: what it says changes slowly, and several files have to be read for it. */
const DEVICE_EVERY = 4;
/** After a step against pressure the next one waits, so that the first can show what it does. */
const STEP_MILLISECONDS = 2000;

/** How the guard sees processes; the profiler's functions, bound to this machine. */
export interface ProcessView {
  memory(processId: number, options?: { proportional: boolean }): Promise<ProcessShare | null>;
  majorFaults(processId: number): Promise<number | null>;
}

export interface MemoryGuardOptions {
  /** All that the agent may take: the smaller of what its spec and its device say. */
  limitBytes: number;
  /** Whether this program is the agent's alone, so that all of its memory counts and not just what it adds. */
  ownsProgram: boolean;
  probe: MemoryProbe;
  processes: ProcessView;
  reservations: Reservations;
  /** The processes of commands and servers that tools have started. Default: those of this program. */
  toolProcesses?: (() => readonly number[]) | undefined;
}

/** The engine's process, as far as the guard watches it. */
export interface WatchedEngine {
  readonly processId: number;
  readonly isBusy: boolean;
  readonly work: number;
  /** The size of the file that may be mapped. */
  readonly fileBytes: number;
}

export type Pressure = Pick<MemoryPressureEvent, "used_bytes" | "limit_bytes" | "reason">;

/**
 * Holds an agent's memory budget: says before anything is allocated what an engine may take, and watches while it runs
 * what all of it takes. What is to be done about pressure is up to whoever listens.
 */
export class MemoryGuard {
  readonly limitBytes: number;
  readonly #options: MemoryGuardOptions;
  readonly #baseBytes: number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #engine: WatchedEngine | null = null;

  private constructor(options: MemoryGuardOptions, baseBytes: number) {
    this.#options = options;
    this.limitBytes = options.limitBytes;
    this.#baseBytes = baseBytes;
  }

  static async start(options: MemoryGuardOptions): Promise<MemoryGuard> {
    const own = await options.processes.memory(process.pid, { proportional: false });
    return new MemoryGuard(options, options.ownsProgram ? 0 : privateBytes(own));
  }

  /**
   * What an engine may take now: the budget less the program's share, and never more than the device has to spare, less
   * what other agents were promised.
   */
  async admit(): Promise<number> {
    const { probe, processes, reservations } = this.#options;
    const device = await probe.read();
    const promised = await reservations.outstandingBytes(async (processId) =>
      privateBytes(await processes.memory(processId, { proportional: false })),
    );
    const ofDevice = device.available_bytes - reserveBytes(device) - promised;
    return this.admitWithin(ofDevice);
  }

  /** The same on a device that has so much to spare: the budget less the program's share, as far as that goes. */
  async admitWithin(deviceBytes: number): Promise<number> {
    return Math.max(0, Math.floor(Math.min(this.limitBytes - (await this.#programShare()), deviceBytes)));
  }

  hold(bytes: number, engine: number | null): Promise<void> {
    return this.#options.reservations.hold(bytes, engine);
  }

  /** What this program takes of the budget, at least what it is expected to come to. */
  async #programShare(): Promise<number> {
    const used = await this.programBytes();
    return this.#options.ownsProgram ? used + PROGRAM_BYTES : Math.max(used, PROGRAM_BYTES);
  }

  /** What this program has added, all that is its own where it is the agent's alone, and what its tools take. */
  async programBytes(): Promise<number> {
    const { processes, toolProcesses = runningPrograms } = this.#options;
    const memoryOf = async (pid: number) => privateBytes(await processes.memory(pid, { proportional: false }));
    const ofTools = await Promise.all(toolProcesses().map(memoryOf));
    return ofTools.reduce((sum, bytes) => sum + bytes, Math.max(0, (await memoryOf(process.pid)) - this.#baseBytes));
  }

  processMemory(processId: number): Promise<ProcessShare | null> {
    return this.#options.processes.memory(processId, { proportional: true });
  }

  device(): Promise<MemoryReading> {
    return this.#options.probe.read();
  }

  /** Watches this engine until {@link unwatch}, and calls with what is wrong, or null when all is well. */
  watch(engine: WatchedEngine, onLook: (pressure: Pressure | null) => Promise<void>): void {
    this.unwatch();
    this.#engine = engine;
    const judge = new PagingDetector(engine.fileBytes);
    let looks = 0;
    let device: MemoryReading | null = null;
    let waitUntil = 0;
    const look = async () => {
      const { isBusy } = engine;
      if (!isBusy) judge.rest();
      if (looks++ % (isBusy ? DEVICE_EVERY : 1) === 0) device = await this.#options.probe.read();
      const pressure = await this.#judge(engine, isBusy ? judge : null, device);
      const now = performance.now();
      if (this.#engine === engine && (pressure === null || now >= waitUntil)) {
        if (pressure !== null) waitUntil = now + STEP_MILLISECONDS;
        await onLook(pressure);
      }
      schedule();
    };
    const schedule = () => {
      if (this.#engine !== engine) return;
      this.#timer = setTimeout(() => void look(), engine.isBusy ? BUSY_MILLISECONDS : IDLE_MILLISECONDS);
      this.#timer.unref();
    };
    // A request comes soon after a start.
    this.#timer = setTimeout(() => void look(), BUSY_MILLISECONDS);
    this.#timer.unref();
  }

  unwatch(): void {
    this.#engine = null;
    clearTimeout(this.#timer);
  }

  async close(): Promise<void> {
    this.unwatch();
    await this.#options.reservations.release();
  }

  async #judge(
    engine: WatchedEngine,
    judge: PagingDetector | null,
    device: MemoryReading | null,
  ): Promise<Pressure | null> {
    const { processes } = this.#options;
    const program = await this.programBytes();
    const memory = await processes.memory(engine.processId, { proportional: false });
    let used = program + residentBytes(memory);
    if (used > this.limitBytes) {
      // What processes share was counted in full; before anything is done about it, it is counted exactly.
      const exact = await processes.memory(engine.processId, { proportional: true });
      used = program + (exact?.proportional_bytes ?? residentBytes(exact));
      if (used > this.limitBytes) return { used_bytes: used, limit_bytes: this.limitBytes, reason: "own-limit" };
    }
    const majorFaults = judge === null ? null : await processes.majorFaults(engine.processId);
    if (majorFaults !== null && judge?.isPaging({ time: performance.now(), majorFaults, work: engine.work })) {
      return { used_bytes: used, limit_bytes: this.limitBytes, reason: "paging" };
    }
    if (device !== null && isShort(device)) {
      return {
        used_bytes: device.total_bytes - device.available_bytes,
        limit_bytes: device.limit_bytes ?? device.total_bytes,
        reason: "device",
      };
    }
    return null;
  }
}

function isShort(device: MemoryReading): boolean {
  const isPressed = (device.pressure_percent ?? 0) >= PRESSED_PERCENT;
  return isPressed || device.available_bytes < reserveBytes(device) / 2;
}

function reserveBytes({ total_bytes, limit_bytes }: MemoryReading): number {
  const whole = Math.min(limit_bytes ?? total_bytes, total_bytes);
  // On the smallest devices a fixed reserve would be all there is.
  return Math.min(Math.max(whole * DEVICE_RESERVE_SHARE, DEVICE_RESERVE_BYTES), whole / 8);
}

function privateBytes(memory: ProcessShare | null): number {
  return memory?.anonymous_bytes ?? 0;
}

function residentBytes(memory: ProcessShare | null): number {
  return memory === null ? 0 : memory.anonymous_bytes + memory.file_bytes + memory.shared_bytes;
}
