import { BYTES_PER_MB, type MemoryProbe, type MemoryReading } from "@nanoagent/models";
import { messageOf } from "../message-of.js";
import { MemoryAccount, type ProcessView, privateBytes, residentBytes } from "./memory-account.js";
import type { MemoryPressureEvent, ProcessShare } from "./memory-report.js";
import { PagingDetector } from "./paging-detector.js";
import { type ModelBudget, modelBudget } from "./program-share.js";
import type { Reservations } from "./reservations.js";
import { SteadyProbe } from "./steady-probe.js";
import type { ToolMemory } from "./tool-memory.js";

/**
 * Share of the device's memory that stays free. Below it the kernel starts to reclaim pages, and everything is slow.
 */
const DEVICE_RESERVE_SHARE = 0.02;
const DEVICE_RESERVE_BYTES = 16 * BYTES_PER_MB;
/** Share of time in which processes wait for memory, in percent, above which the device is short of memory. */
const PRESSED_PERCENT = 40;

const BUSY_MILLISECONDS = 250;
const IDLE_MILLISECONDS = 2000;
/** Checks of the engine per check of the device, whose figures change slowly and need several file reads. */
const DEVICE_EVERY = 4;
/** Time between two steps against pressure, so that the first can take effect. */
const STEP_MILLISECONDS = 2000;

export interface MemoryGuardOptions {
  /** The agent's total budget: the smaller of its spec's and its device's, in bytes. */
  limitBytes: number;
  /** Whether this program runs only this agent. Then all of its memory counts, not just its growth. */
  ownsProgram: boolean;
  /** Resident memory of this program when the agent was loaded, in bytes. Default: its memory when the guard starts. */
  baseBytes?: number | undefined;
  probe: MemoryProbe;
  processes: ProcessView;
  reservations: Reservations;
  /** Memory of the agent's tools. Default: no tools. */
  toolMemory?: Pick<ToolMemory, "processes" | "grantedBytes" | "watchEngine"> | undefined;
  /** Called once for each problem that the guard tolerates, with a sentence for people. */
  onNotice?: ((notice: string) => void) | undefined;
}

/** The engine's process, for the guard. */
export interface WatchedEngine {
  readonly processId: number;
  readonly isBusy: boolean;
  readonly work: number;
  /** Size of the file that may be memory-mapped, in bytes. */
  readonly fileBytes: number;
}

export type Pressure = Pick<MemoryPressureEvent, "used_bytes" | "limit_bytes" | "reason">;

/**
 * Enforces an agent's memory budget. Computes how much an engine may use before anything is allocated, and watches
 * memory while the engine runs. The listener decides how to react to pressure.
 */
export class MemoryGuard {
  readonly limitBytes: number;
  readonly #options: MemoryGuardOptions;
  readonly #account: MemoryAccount;
  readonly #probe: SteadyProbe;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #engine: WatchedEngine | null = null;
  /** Limit at the last reading, in bytes, and its source, or null if there was none. */
  #limitBytes: number | null = null;
  #limitSource: string | null = null;
  #hasFailed = false;

  private constructor(options: MemoryGuardOptions, baseBytes: number) {
    this.#options = options;
    this.limitBytes = options.limitBytes;
    const toolProcesses = () => options.toolMemory?.processes ?? [];
    this.#account = new MemoryAccount({ ...options, baseBytes, toolProcesses });
    this.#probe = new SteadyProbe(options.probe, options.onNotice);
  }

  static async start(options: MemoryGuardOptions): Promise<MemoryGuard> {
    const { baseBytes, processes } = options;
    const ownBytes = async () => residentBytes(await processes.memory(process.pid, { proportional: false }));
    return new MemoryGuard(options, baseBytes ?? (await ownBytes()));
  }

  /**
   * Returns how much an engine may use now: the planned amount, or less if the program with its tools uses more than
   * the plan set aside for it. `leaving` is the process of an engine that ends first.
   */
  async admit(leaving: number | null = null): Promise<ModelBudget> {
    const { limitBytes, ownsProgram, processes } = this.#options;
    const spare = await this.spare();
    if (leaving !== null) spare.spareBytes += privateBytes(await processes.memory(leaving, { proportional: false }));
    const usedBytes = await this.#account.besideEngine();
    return modelBudget({ limitBytes, ownsProgram, ...spare, usedBytes, mostBytes: await this.#account.atMost(null) });
  }

  /**
   * Returns how much memory the device can spare for an engine now, in bytes, without the memory reserved by other
   * agents. If the device's memory is unknown, only the budget counts. `spareSource` names the limit that applies.
   */
  async spare(): Promise<Pick<ModelBudget, "spareBytes" | "spareSource">> {
    const { processes, reservations } = this.#options;
    const device = await this.#read();
    if (device === null) return { spareBytes: Number.POSITIVE_INFINITY, spareSource: null };
    const { available_bytes, machine_available_bytes = available_bytes } = device;
    const promised = await reservations.outstanding(this.#limitSource, async (processId) =>
      privateBytes(await processes.memory(processId, { proportional: false })),
    );
    const spareBytes = Math.min(available_bytes - promised.withinLimit, machine_available_bytes - promised.onMachine);
    return {
      spareBytes: spareBytes - reserveBytes(device),
      spareSource: device.limit_source,
    };
  }

  /**
   * Returns the pressure if the limit of this process's cgroup was lowered since the last reading and leaves too
   * little. At such a limit the kernel kills the engine's process and, until its memory is free, possibly this program.
   */
  async cutLimit(): Promise<Pressure | null> {
    const before = this.#limitBytes ?? Number.POSITIVE_INFINITY;
    const device = await this.#read();
    const isCut = device?.limit_bytes != null && device.limit_bytes < before;
    return isCut && isShort(device) ? devicePressure(device) : null;
  }

  async #read(): Promise<MemoryReading | null> {
    const device = await this.#probe.read();
    this.#limitBytes = device?.limit_bytes ?? null;
    this.#limitSource = this.#limitBytes === null ? null : (device?.limit_source ?? null);
    return device;
  }

  /** Reserves memory for the engine's process, or for one that is about to start (null). Never rejects. */
  hold(bytes: number, engine: number | null): Promise<void> {
    return this.#options.reservations.hold({ bytes, engine, limit: this.#limitSource });
  }

  /** Reserves memory, beyond what this program already uses, for an engine in this program. Never rejects. */
  async holdInProgram(bytes: number): Promise<void> {
    const own = await this.#options.processes.memory(process.pid, { proportional: false });
    await this.hold(bytes + privateBytes(own), process.pid);
  }

  /** Returns the agent's memory without the engine's process, in bytes. */
  async usedBytes(): Promise<number> {
    return (await this.#account.use(null)).used_bytes;
  }

  processMemory(processId: number): Promise<ProcessShare | null> {
    return this.#options.processes.memory(processId, { proportional: true });
  }

  /**
   * Watches an engine until {@link unwatch}. Calls back with the pressure, or with null if memory is not short. A
   * failed check becomes a notice, and the next check follows as usual.
   */
  watch(engine: WatchedEngine, onLook: (pressure: Pressure | null) => Promise<void>): void {
    this.unwatch();
    this.#engine = engine;
    this.#options.toolMemory?.watchEngine(engine.processId);
    const detector = new PagingDetector(engine.fileBytes);
    let looks = 0;
    let device: MemoryReading | null = null;
    let waitUntil = 0;
    const look = async () => {
      const { isBusy } = engine;
      if (!isBusy) detector.rest();
      if (looks++ % (isBusy ? DEVICE_EVERY : 1) === 0) device = await this.#read();
      const pressure = await this.#judge(engine, isBusy ? detector : null, device);
      const now = performance.now();
      if (this.#engine === engine && (pressure === null || now >= waitUntil)) {
        if (pressure !== null) waitUntil = now + STEP_MILLISECONDS;
        await onLook(pressure);
      }
    };
    const schedule = (milliseconds: number) => {
      if (this.#engine !== engine) return;
      const next = () => schedule(engine.isBusy ? BUSY_MILLISECONDS : IDLE_MILLISECONDS);
      this.#timer = setTimeout(() => {
        look().then(next, (error) => {
          this.#noteFailure(error);
          next();
        });
      }, milliseconds);
      this.#timer.unref();
    };
    // A request usually comes soon after a start.
    schedule(BUSY_MILLISECONDS);
  }

  #noteFailure(error: unknown): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    this.#options.onNotice?.(`A memory check failed: ${messageOf(error)}. Checks continue.`);
  }

  unwatch(): void {
    this.#engine = null;
    this.#options.toolMemory?.watchEngine(null);
    clearTimeout(this.#timer);
  }

  async close(): Promise<void> {
    this.unwatch();
    await this.#options.reservations.release();
  }

  async #judge(
    engine: WatchedEngine,
    detector: PagingDetector | null,
    device: MemoryReading | null,
  ): Promise<Pressure | null> {
    const { processes, toolMemory } = this.#options;
    let used = await this.#account.atMost(engine.processId);
    if (used > this.limitBytes) {
      const use = await this.#account.use(await this.processMemory(engine.processId));
      used = use.used_bytes;
      // Tools that exceed their limit are ended; the engine gives up nothing for them.
      const excess = Math.max(0, use.tools_bytes - (toolMemory?.grantedBytes ?? use.tools_bytes));
      if (used - excess > this.limitBytes)
        return { used_bytes: used, limit_bytes: this.limitBytes, reason: "own-limit" };
    }
    const majorFaults = detector === null ? null : await processes.majorFaults(engine.processId);
    if (majorFaults !== null && detector?.isPaging({ time: performance.now(), majorFaults, work: engine.work })) {
      return { used_bytes: used, limit_bytes: this.limitBytes, reason: "paging" };
    }
    return device !== null && isShort(device) ? devicePressure(device) : null;
  }
}

function devicePressure({ total_bytes, limit_bytes, available_bytes }: MemoryReading): Pressure {
  return { used_bytes: total_bytes - available_bytes, limit_bytes: limit_bytes ?? total_bytes, reason: "device" };
}

function isShort(device: MemoryReading): boolean {
  const isPressed = (device.pressure_percent ?? 0) >= PRESSED_PERCENT;
  return isPressed || device.available_bytes < reserveBytes(device) / 2;
}

function reserveBytes({ total_bytes, limit_bytes }: MemoryReading): number {
  const whole = Math.min(limit_bytes ?? total_bytes, total_bytes);
  // On the smallest devices a fixed reserve would take all memory.
  return Math.min(Math.max(whole * DEVICE_RESERVE_SHARE, DEVICE_RESERVE_BYTES), whole / 8);
}
