import { BYTES_PER_MB, PRESSURE_ACTIONS } from "@nanoagent/models";
import type { Agent, MemoryReport } from "@nanoagent/runtime";
import type { HealthReason } from "../health/health.js";

/** How long a reading of the memory is used again. */
const FRESH_MILLISECONDS = 2000;

export interface MemoryFacts {
  readonly used_bytes: number;
  readonly limit_bytes: number;
  /** Parts of the used memory. Those of an engine's process do not include memory that it shares with the program. */
  readonly engine_bytes: number;
  readonly program_bytes: number;
  readonly tools_bytes: number;
  /** The last action against memory pressure, or null if none is in force. */
  readonly pressure: string | null;
  /** Place of that action in `PRESSURE_ACTIONS`, from 1 (the mildest); 0 if none is in force. */
  readonly pressure_step: number;
}

/** Memory of an agent, read at most every two seconds, however often it is asked for. */
export class MemoryWatch {
  readonly #agent: Agent;
  readonly #now: () => number;
  readonly #onReport: (report: MemoryReport) => void;
  #reading: Promise<MemoryFacts | null> | null = null;
  #readAt = Number.NEGATIVE_INFINITY;

  /** `onReport` gets each reading whole. */
  constructor(agent: Agent, now: () => number, onReport: (report: MemoryReport) => void = () => {}) {
    this.#agent = agent;
    this.#now = now;
    this.#onReport = onReport;
  }

  /** Returns null if the system does not report it. Never rejects. */
  read(): Promise<MemoryFacts | null> {
    const now = this.#now();
    const isFresh = now - this.#readAt < FRESH_MILLISECONDS && now >= this.#readAt;
    return this.#reading !== null && isFresh ? this.#reading : this.readAgain();
  }

  /** Like {@link read}, but never from an earlier reading. */
  readAgain(): Promise<MemoryFacts | null> {
    this.#readAt = this.#now();
    this.#reading = this.#read().catch(() => null);
    return this.#reading;
  }

  async #read(): Promise<MemoryFacts> {
    const report = await this.#agent.memory();
    this.#onReport(report);
    return memoryFacts(report);
  }

  async findReason(): Promise<HealthReason | null> {
    const memory = await this.read();
    if (memory === null) return null;
    const { used_bytes, limit_bytes, pressure } = memory;
    if (pressure !== null) {
      return { code: "memory-pressure", message: `Memory is short. Measure in force: ${pressure}.` };
    }
    if (used_bytes <= limit_bytes) return null;
    const [used, limit] = [used_bytes, limit_bytes].map((bytes) => Math.round(bytes / BYTES_PER_MB));
    return { code: "memory-pressure", message: `The agent uses ${used} MB of memory; its limit is ${limit} MB.` };
  }
}

function memoryFacts({ used_bytes, limit_bytes, program_bytes, tools_bytes, engine }: MemoryReport): MemoryFacts {
  const pressure = engine?.pressure ?? null;
  return {
    used_bytes,
    limit_bytes,
    // The sum counts shared pages once.
    engine_bytes: Math.max(0, used_bytes - program_bytes - tools_bytes),
    program_bytes,
    tools_bytes,
    pressure,
    pressure_step: pressure === null ? 0 : PRESSURE_ACTIONS.indexOf(pressure) + 1,
  };
}
