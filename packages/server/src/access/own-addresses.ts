import os from "node:os";
import { canonicalName } from "./host-name.js";

/** Addresses change when a device joins another network. Reading them takes 0.1 ms, too much for each hostile request. */
const FRESH_MILLISECONDS = 5000;

/** The addresses of this machine. */
export class OwnAddresses {
  #names = new Set<string>();
  #readAt = Number.NEGATIVE_INFINITY;

  includes(name: string, now = performance.now()): boolean {
    if (this.#names.has(name)) return true;
    if (now - this.#readAt < FRESH_MILLISECONDS) return false;
    this.#readAt = now;
    const entries = Object.values(os.networkInterfaces()).flatMap((list) => list ?? []);
    this.#names = new Set(entries.flatMap(({ address }) => canonicalName(address) ?? []));
    return this.#names.has(name);
  }
}
