import { setTimeout as pause } from "node:timers/promises";

/** Longest time in which messages are read: those of a busy broker have no end. */
const READ_MILLISECONDS = 10_000;

/**
 * Resolves when no message has come for a while, after ten seconds at most: MQTT does not say where the retained messages
 * end. `lastMessageAt` returns when the last one came, on the clock of `performance.now`. Rejects with the reason of the signal.
 */
export async function untilQuiet(
  lastMessageAt: () => number,
  quietMilliseconds: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const began = performance.now();
  for (;;) {
    const now = performance.now();
    const end = Math.min(Math.max(lastMessageAt(), began) + quietMilliseconds, began + READ_MILLISECONDS);
    if (now >= end) return;
    await pause(end - now, undefined, { signal }).catch(() => {});
    signal?.throwIfAborted();
  }
}
