import { setTimeout as delay } from "node:timers/promises";

/** Waits, or less if the signal aborts. Does not keep the program running. Never rejects. */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await delay(milliseconds, undefined, { signal, ref: false }).catch(() => {});
}
