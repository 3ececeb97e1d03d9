import { BYTES_PER_MB, type MemoryProbe, type MemoryReading } from "@nanoagent/models";
import { messageOf } from "../message-of.js";
import { MemoryAccount, type ProcessView, privateBytes, residentBytes } from "./memory-account.js";
import type { MemoryPressureEvent, ProcessShare } from "./memory-report.js";
import { PagingDetector } from "./paging-detector.js";
import { type ModelBudget, modelBudget } from "./program-share.js";
import type { Reservations } from "./reservations.js";
import { SteadyProbe } from "./steady-probe.js";
import type { ToolMemory } from "./tool-memory.js";

/** Part of the device's memory that stays free: with less the kernel begins to look for pages, and everything is slow. */
const DEVICE_RESERVE_SHARE = 0.02;
const DEVICE_RESERVE_BYTES = 16 * BYTES_PER_MB;
/** Share of the time in which something waits for memory, in percent, at which the device counts as short of it. */
const PRESSED_PERCENT = 40;

const BUSY_MILLISECONDS = 250;
const IDLE_MILLISECONDS = 2000;
/** Looks at the engine for each look at the device, whose figures change slowly and cost several files. */
const DEVICE_EVERY = 4;
/** Time between two steps against pressure, so that the first can show its effect. */
const STEP_MILLISECONDS = 2000;

export interface MemoryGuardOptions {
  /** The agent's whole budget: the smaller of its spec's and its device's, in bytes. */
  limitBytes: number;
  /** Whether this program is the agent's alone, so that all of its memory counts and not just its growth. */
  ownsProgram: boolean;
  /** Resident memory of this program when the agent was loaded, in bytes. Default: what it has as the guard starts. */
  baseBytes?: number | undefined;
  probe: MemoryProbe;
  processes: ProcessView;
  reservations: Reservations;
  /** The memory of the agent's tools. Default: it has none. */
  toolMemory?: Pick<ToolMemory, "processes" | "grantedBytes" | "watchEngine"> | undefined;
  /** Called with a sentence for people about an issue that the guard lives with, once for each issue. */
  onNotice?: ((notice: string) => void) | undefined;
}

/** The engine's process, as far as the guard watches it. */
export interface WatchedEngine {
  readonly processId: number;
  readonly isBusy: boolean;
  readonly work: number;
  /** Size of the file that may be mapped, in bytes. */
  readonly fileBytes: number;
}

export type Pressure = Pick<MemoryPressureEvent, "used_bytes" | "limit_bytes" | "reason">;

/**
 * Holds an agent's memory budget: says how much an engine may take before anything is allocated, and watches the use of
 * memory while the engine runs. The listener decides what is done about pressure.
 */
export class MemoryGuard {
  readonly limitBytes: number;
  readonly #options: MemoryGuardOptions;
  readonly #account: MemoryAccount;
  readonly #probe: SteadyProbe;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #engine: WatchedEngine | null = null;
  /** The limit that held at the last reading, in bytes, and where it comes from; null where there was none. */
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
   * Returns how much an engine may take now: what a plan was made for, and less if the program with its tools
   * takes more than the plan set aside for it. `leaving` is the process of an engine that ends before.
   */
  async admit(leaving: number | null = null): Promise<ModelBudget> {
    const { limitBytes, ownsProgram, processes } = this.#options;
    const spare = await this.spare();
    if (leaving !== null) spare.spareBytes += privateBytes(await processes.memory(leaving, { proportional: false }));
    const usedBytes = await this.#account.besideEngine();
    return modelBudget({ limitBytes, ownsProgram, ...spare, usedBytes, mostBytes: await this.#account.atMost(null) });
  }

  /**
   * Returns what the device can spare for an engine now, in bytes, less what other agents were promised. Where the
   * device's memory is not known, the budget alone counts. `spareSource` names the limit that it is under.
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
   * Returns the pressure where the limit of this process's cgroup was cut since the last reading and leaves too little.
   * At such a limit the kernel ends the engine's process, and while that one's memory is not free yet, this program too.
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

  /** Promises so many bytes to the engine's process, or to a process that is yet to start (null). Never rejects. */
  hold(bytes: number, engine: number | null): Promise<void> {
    return this.#options.reservations.hold({ bytes, engine, limit: this.#limitSource });
  }

  /** Promises so many bytes, beyond what this program has already, to an engine in this program. Never rejects. */
  async holdInProgram(bytes: number): Promise<void> {
    const own = await this.#options.processes.memory(process.pid, { proportional: false });
    await this.hold(bytes + privateBytes(own), process.pid);
  }

  /** Returns the bytes that the agent takes without an engine's process. */
  async usedBytes(): Promise<number> {
    return (await this.#account.use(null)).used_bytes;
  }

  processMemory(processId: number): Promise<ProcessShare | null> {
    return this.#options.processes.memory(processId, { proportional: true });
  }

  /**
   * Watches an engine until {@link unwatch}. Calls back with the pressure, or with null when memory is not short. A look
   * that fails becomes a notice, and the next look comes as usual.
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
    // A request comes soon after a start.
    schedule(BUSY_MILLISECONDS);
  }

  #noteFailure(error: unknown): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    this.#options.onNotice?.(`The watch on memory failed: ${messageOf(error)}. It goes on.`);
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
      // Tools that take more than they may are ended; the engine gives up nothing for them.
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
  // On the smallest devices a fixed reserve would be all of the memory.
  return Math.min(Math.max(whole * DEVICE_RESERVE_SHARE, DEVICE_RESERVE_BYTES), whole / 8);
}
