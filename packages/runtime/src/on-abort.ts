import { TurnAbort } from "./turn-abort.js";

/** A signal, or the abort of a turn. */
export type Abortable = AbortSignal | TurnAbort;

const listeners = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Calls back when the signal aborts, or immediately if it is already aborted. Returns a function that stops listening.
 * All callbacks share one listener on the signal, because a program may pass the same signal with every message.
 */
export function onAbort(signal: Abortable | undefined, callback: () => void): () => void {
  if (signal === undefined) return () => {};
  if (signal.aborted) {
    callback();
    return () => {};
  }
  if (signal instanceof TurnAbort) return signal.listen(callback);
  const callbacks = listeners.get(signal) ?? listenOnce(signal);
  callbacks.add(callback);
  return () => {
    callbacks.delete(callback);
    if (callbacks.size > 0) return;
    if (listeners.get(signal) === callbacks) listeners.delete(signal);
    signal.removeEventListener("abort", callAll);
  };
}

function listenOnce(signal: AbortSignal): Set<() => void> {
  const callbacks = new Set<() => void>();
  listeners.set(signal, callbacks);
  signal.addEventListener("abort", callAll, { once: true });
  return callbacks;
}

function callAll(this: AbortSignal): void {
  for (const callback of [...(listeners.get(this) ?? [])]) callback();
}

/** Settles like the promise, or rejects as soon as the signal aborts. */
export function untilAborted<Value>(promise: Promise<Value>, signal: Abortable): Promise<Value> {
  return new Promise((resolve, reject) => {
    const stopListening = onAbort(signal, () => reject((signal instanceof TurnAbort ? signal.signal : signal).reason));
    promise.then(resolve, reject).finally(stopListening);
  });
}
