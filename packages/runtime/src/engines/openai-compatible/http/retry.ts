import { onAbort } from "../../../on-abort.js";
import type { RemoteEngineError } from "../remote-engine-error.js";

/** Two seconds altogether at the default pace: a server that starts again is often back by then. */
const MAX_RETRIES = 3;
/** A server may ask for a longer pause; then the caller is told instead of kept waiting. */
const MAX_RETRY_AFTER_MILLISECONDS = 30_000;

/** A failure before anything was done, so that the same may be tried again. */
export class TransientFailure {
  constructor(
    readonly error: RemoteEngineError,
    /** The pause that the server asked for. */
    readonly retryAfterMilliseconds: number | null = null,
  ) {}
}

/**
 * Tries until `attempt` throws no {@link TransientFailure}, at most three times more; throws its error then. Pauses in
 * between as long as the server asks for, or twice as long each time, less up to a half at random so that many clients
 * do not come back at once. Throws the signal's reason when it aborts.
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

/** What a Retry-After header asks for: seconds, or a date. Null where it is missing or nonsense. */
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
