import { onAbort } from "../../../on-abort.js";
import type { RemoteEngineError } from "../remote-engine-error.js";

/** With the default pauses, retries span two seconds, in which a restarted server is often back. */
const MAX_RETRIES = 3;
/** Longest pause that a server may ask for. Beyond it, the request fails at once. */
const MAX_RETRY_AFTER_MILLISECONDS = 30_000;

/** A failure before the server did any work, so that a retry is safe. */
export class TransientFailure {
  constructor(
    readonly error: RemoteEngineError,
    /** Pause that the server asked for. */
    readonly retryAfterMilliseconds: number | null = null,
  ) {}
}

/**
 * Calls `attempt` again after each {@link TransientFailure}, with at most three retries, and then throws its error.
 * Pauses as long as the server asks for, or twice as long with every retry, minus a random part of up to half so that
 * many clients do not return at once. Throws the signal's reason on abort.
 */
export async function withRetries<Value>(
  attempt: () => Promise<Value>,
  { firstPauseMilliseconds, signal }: { firstPauseMilliseconds: number; signal: AbortSignal },
): Promise<Value> {
  for (let retries = 0; ; retries++) {
    try {
      return await attempt();
    } catch (failure) {
      if (!(failure instanceof TransientFailure)) throw failure;
      const { error, retryAfterMilliseconds } = failure;
      if (retries === MAX_RETRIES || (retryAfterMilliseconds ?? 0) > MAX_RETRY_AFTER_MILLISECONDS) throw error;
      const pause = firstPauseMilliseconds * 2 ** retries * (0.5 + Math.random() / 2);
      await sleep(Math.max(pause, retryAfterMilliseconds ?? 0), signal);
    }
  }
}

/** Returns the pause of a Retry-After header (seconds or a date), or null if it is missing or invalid. */
export function readRetryAfter(header: string | undefined, now = Date.now()): number | null {
  if (header === undefined) return null;
  const milliseconds = /^\d+$/.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - now;
  return Number.isFinite(milliseconds) && milliseconds >= 0 ? milliseconds : null;
}

function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      stopListening();
      resolve();
    }, milliseconds);
    const stopListening = onAbort(signal, () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}
