import type { Edge } from "./read-edge.js";

/**
 * Reports an edge once its level has lasted, as the kernel does for libgpiod 2. Edges that lead back to the level before
 * are not reported.
 */
export class EdgeDebouncer {
  readonly #milliseconds: number;
  readonly #onEdge: (edge: Edge, at: number) => void;
  #level: Edge | null = null;
  #timeout: ReturnType<typeof setTimeout> | undefined;

  constructor(milliseconds: number, onEdge: (edge: Edge, at: number) => void) {
    this.#milliseconds = milliseconds;
    this.#onEdge = onEdge;
  }

  /** `at` is the time of the edge, which is also that of the reported one. */
  add(edge: Edge, at: number): void {
    clearTimeout(this.#timeout);
    this.#timeout = setTimeout(() => {
      if (edge === this.#level) return;
      this.#level = edge;
      this.#onEdge(edge, at);
    }, this.#milliseconds);
  }

  close(): void {
    clearTimeout(this.#timeout);
  }
}
