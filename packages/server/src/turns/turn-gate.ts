import { aborted } from "../conversations/waiting-line.js";

/** Stops new turns while the agent is replaced. */
export class TurnGate {
  #waiting: Set<{ pass: () => void; refuse: (error: Error) => void }> | null = null;
  #refusal: Error | null = null;

  close(): void {
    this.#waiting ??= new Set();
  }

  open(): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = null;
    for (const { pass } of waiting) pass();
  }

  /** Rejects all that wait, and all that would wait later. */
  refuse(error: Error): void {
    this.#refusal = error;
    for (const { refuse } of this.#waiting ?? []) refuse(error);
    this.#waiting?.clear();
  }

  /** Waits until the gate is open. Undefined: it is. Rejects with `aborted` when the signal aborts first. */
  pass(signal: AbortSignal): Promise<void> | undefined {
    const waiting = this.#waiting;
    if (waiting === null) return undefined;
    if (this.#refusal !== null) return Promise.reject(this.#refusal);
    return new Promise((resolve, reject) => {
      const leave = () => {
        waiting.delete(one);
        reject(aborted());
      };
      const done = () => signal.removeEventListener("abort", leave);
      const one = {
        pass: () => {
          done();
          resolve();
        },
        refuse: (error: Error) => {
          done();
          reject(error);
        },
      };
      waiting.add(one);
      signal.addEventListener("abort", leave, { once: true });
    });
  }
}
