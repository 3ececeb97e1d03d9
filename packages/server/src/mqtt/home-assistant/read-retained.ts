import type { Broker } from "../broker.js";

/**
 * Resolves with the message that the broker keeps at a topic, or null when none comes within `waitMilliseconds` of a
 * connection. Waits for a connection first. Resolves with null when the signal aborts.
 *
 * The subscription stays until the signal aborts: messages that the agent publishes there itself come back, and would
 * have no owner.
 */
export function readRetained(
  broker: Broker,
  topic: string,
  waitMilliseconds: number,
  signal: AbortSignal,
): Promise<Uint8Array | null> {
  return new Promise((resolve) => {
    let timer: ReturnType<typeof setTimeout> | null = null;
    const end = (payload: Uint8Array | null) => {
      if (timer !== null) clearTimeout(timer);
      stopListening();
      resolve(payload);
    };
    /** A broken connection answers nothing, so the time begins again with the next one. */
    const watch = () => {
      if (timer !== null) clearTimeout(timer);
      timer = broker.isConnected ? setTimeout(() => end(null), waitMilliseconds) : null;
      timer?.unref?.();
    };
    const unsubscribe = broker.subscribe(topic, async ({ payload, retain }) => {
      if (retain) end(payload);
    });
    const stopListening = broker.onChange(watch);
    const abort = () => {
      unsubscribe();
      end(null);
    };
    signal.addEventListener("abort", abort, { once: true });
    if (signal.aborted) abort();
    else watch();
  });
}
