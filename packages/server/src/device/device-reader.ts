import type { DeviceConditions } from "./device-conditions.js";

/** How long a reading is used again. Temperature changes slowly, and its files are slow to read. */
const FRESH_MILLISECONDS = 5000;

/** Conditions of the device, read at most every five seconds, however often they are asked for. */
export class DeviceReader {
  readonly #read: (() => Promise<DeviceConditions>) | null;
  readonly #now: () => number;
  #reading: Promise<DeviceConditions | null> = Promise.resolve(null);
  #readAt = Number.NEGATIVE_INFINITY;

  constructor(read: (() => Promise<DeviceConditions>) | null, now: () => number) {
    this.#read = read;
    this.#now = now;
  }

  /** Returns null if nothing reads the device. Never rejects. */
  read(): Promise<DeviceConditions | null> {
    const now = this.#now();
    if (this.#read !== null && (now - this.#readAt >= FRESH_MILLISECONDS || now < this.#readAt)) {
      this.#readAt = now;
      this.#reading = this.#read().catch(() => null);
    }
    return this.#reading;
  }
}
