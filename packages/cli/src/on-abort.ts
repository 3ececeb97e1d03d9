/**
 * Calls back when the signal aborts, or at once if it already has. Returns a function that stops listening, because a
 * signal may live much longer than its listener.
 */
export function onAbort(signal: AbortSignal | undefined, callback: () => void): () => void {
  if (signal?.aborted) callback();
  else signal?.addEventListener("abort", callback, { once: true });
  return () => signal?.removeEventListener("abort", callback);
}
