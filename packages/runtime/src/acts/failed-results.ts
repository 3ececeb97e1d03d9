const failed = new WeakSet<object>();

/** Notes of a tool's message that its call did not succeed. It is forgotten with the message, and when the program ends. */
export function noteFailed(message: object): void {
  failed.add(message);
}

/** Whether a tool's message is known to be of a call that did not succeed. */
export function hasFailed(message: object): boolean {
  return failed.has(message);
}
