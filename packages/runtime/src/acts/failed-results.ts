const failed = new WeakSet<object>();

/** Marks a tool message as the result of a failed call. The mark lives only as long as the object. */
export function noteFailed(message: object): void {
  failed.add(message);
}

/** Whether a tool message is marked as the result of a failed call. */
export function hasFailed(message: object): boolean {
  return failed.has(message);
}
