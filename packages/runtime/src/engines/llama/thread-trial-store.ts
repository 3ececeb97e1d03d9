import path from "node:path";
import type { DeviceMeasurement, ThreadTrial } from "@nanoagent/models";
import type { ThreadSpeed } from "../host/host-protocol.js";
import { ADDON_VERSION } from "./find-llama-addon.js";

type Profiler = Pick<typeof import("@nanoagent/profiler"), "readDeviceMeasurement" | "writeDeviceMeasurement">;

/** Most threads that an engine gains anything from. */
const MAX_THREADS = 16;
/** Most trials that are kept, those of other models included; the newest stay. */
const MAX_ROWS = 200;

/** Returns the trials of a measurement that hold for this version of the engine. */
export function usableTrials(measurement: DeviceMeasurement | null): readonly ThreadTrial[] {
  return measurement?.engine_version === ADDON_VERSION ? measurement.thread_trials : [];
}

/**
 * Store of one model's thread trials on this device: its speed with different numbers of threads, tried at the first start
 * and kept in the device's measurement for all later ones.
 */
export class ThreadTrialStore {
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

  static async read(profiler: Profiler, modelPath: string, cores: number): Promise<ThreadTrialStore> {
    const model = path.basename(modelPath);
    const { measurement, stale } = await profiler.readDeviceMeasurement();
    const trials = stale === null ? usableTrials(measurement) : [];
    const rows = trials.filter((row) => row.model === model);
    const mostThreads = Math.min(cores, MAX_THREADS);
    return new ThreadTrialStore(profiler, model, mostThreads, rows);
  }

  get rows(): readonly ThreadTrial[] {
    return this.#rows;
  }

  /**
   * Numbers of threads to try: all cores, half of them, all but one, and one. A slow model is tried with the first two
   * alone, so these differ most among those that can be fast. Empty where the model was tried before.
   */
  get stillToTry(): number[] {
    if (this.#rows.length > 0) return [];
    const most = this.#mostThreads;
    return [...new Set([most, Math.floor(most / 2), most - 1, 1])].filter((count) => count >= 1);
  }

  /** Keeps trials for this program, and for the next start where the state folder can be written. */
  async keep(speeds: readonly ThreadSpeed[]): Promise<void> {
    this.#rows = speeds.map((speed) => ({ model: this.#model, ...speed }));
    const { measurement, stale } = await this.#profiler.readDeviceMeasurement();
    const trials = stale === null ? usableTrials(measurement) : [];
    const others = trials.filter(({ model }) => model !== this.#model);
    const thread_trials = [...others, ...this.#rows].slice(-MAX_ROWS);
    await this.#profiler.writeDeviceMeasurement({ engine_version: ADDON_VERSION, thread_trials }).catch(() => {});
  }
}
