/**
 * Calls back when the signal aborts, immediately if it has already. Returns a function that stops listening, because a
 * signal can live much longer than its listeners.
 */
export function onAbort(signal: AbortSignal | undefined, callback: () => void): () => void {
  if (signal?.aborted) callback();
  else signal?.addEventListener("abort", callback, { once: true });
  return () => signal?.removeEventListener("abort", callback);
}
