import { availableParallelism } from "node:os";
import path from "node:path";
import type { ThreadTrial } from "@nanoagent/models";
import type { ThreadSpeed } from "../host/host-protocol.js";
import { ADDON_VERSION } from "./find-llama-addon.js";

type Profiler = Pick<typeof import("@nanoagent/profiler"), "readDeviceMeasurement" | "writeDeviceMeasurement">;

/** More threads than these gain no engine anything. */
const MOST_THREADS = 16;
/** Trials of other models are kept, the newest ones. */
const MOST_ROWS = 200;

/**
 * How fast a model was on this device with different numbers of threads: tried at its first start, and kept in the
 * device's measurement for all later ones.
 */
export class ThreadTrials {
  readonly #profiler: Profiler;
  readonly #model: string;
  readonly #mostThreads: number;
  #rows: ThreadTrial[];

  private constructor(profiler: Profiler, model: string, mostThreads: number, rows: ThreadTrial[]) {
    this.#profiler = profiler;
    this.#model = model;
    this.#mostThreads = mostThreads;
    this.#rows = rows;
  }

  static async read(profiler: Profiler, modelPath: string, deviceCores: number): Promise<ThreadTrials> {
    const model = path.basename(modelPath);
    const { measurement, stale } = await profiler.readDeviceMeasurement();
    const isCurrent = stale === null && measurement?.engine_version === ADDON_VERSION;
    const rows = isCurrent ? measurement.thread_trials.filter((row) => row.model === model) : [];
    const mostThreads = Math.min(deviceCores, availableParallelism(), MOST_THREADS);
    return new ThreadTrials(profiler, model, mostThreads, rows);
  }

  get rows(): readonly ThreadTrial[] {
    return this.#rows;
  }

  /** One thread, half of the cores, all of them but one, and all; nothing where it was tried. */
  get stillToTry(): number[] {
    if (this.#rows.length > 0) return [];
    const most = this.#mostThreads;
    return [...new Set([1, Math.floor(most / 2), most - 1, most])].filter((count) => count >= 1);
  }

  /** Keeps them for the next start, where the state folder takes them; for this program in any case. */
  async keep(speeds: readonly ThreadSpeed[]): Promise<void> {
    this.#rows = speeds.map((speed) => ({ model: this.#model, ...speed }));
    const { measurement, stale } = await this.#profiler.readDeviceMeasurement();
    const others =
      stale === null && measurement?.engine_version === ADDON_VERSION
        ? measurement.thread_trials.filter(({ model }) => model !== this.#model)
        : [];
    const thread_trials = [...others, ...this.#rows].slice(-MOST_ROWS);
    await this.#profiler.writeDeviceMeasurement({ engine_version: ADDON_VERSION, thread_trials }).catch(() => {});
  }
}
