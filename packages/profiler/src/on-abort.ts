/**
 * Calls back when the signal aborts, at once when it has already. Returns a function that stops listening; a signal may
 * live much longer than whoever listens.
 */
export function onAbort(signal: AbortSignal | undefined, callback: () => void): () => void {
  if (signal?.aborted) callback();
  else signal?.addEventListener("abort", callback, { once: true });
  return () => signal?.removeEventListener("abort", callback);
}
