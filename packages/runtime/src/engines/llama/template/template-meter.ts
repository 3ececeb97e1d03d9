import { TemplateError } from "./template-error.js";

/**
 * Limits for rendering a template. Templates are untrusted programs that must neither hang this program nor exhaust its
 * memory.
 */
export interface TemplateLimits {
  /** Most steps: evaluated nodes and created list items. */
  steps: number;
  /** Most characters of all intermediate texts together. */
  characters: number;
  /** Most time, in milliseconds. */
  milliseconds: number;
}

/**
 * Limits for a whole conversation. The longest history stays below them even in a template that copies each message ten
 * times.
 */
export const CONVERSATION_LIMITS: TemplateLimits = { steps: 10_000_000, characters: 2 ** 28, milliseconds: 5000 };
/** Longest single text, in characters. A history with its template's marks is far shorter. */
const MAX_TEXT_CHARACTERS = 2 ** 25;
/** Most nested expressions, blocks and macro calls. Each uses stack. */
const MAX_DEPTH = 200;
/** Steps between two checks of the clock. */
const STEPS_PER_LOOK = 4096;

/** Counts the cost of rendering. Throws {@link TemplateError} at a limit. */
export class TemplateMeter {
  readonly #deadline: number;
  #steps: number;
  #characters: number;
  #untilLook = STEPS_PER_LOOK;
  #depth = 0;

  constructor({ steps, characters, milliseconds }: TemplateLimits) {
    this.#steps = steps;
    this.#characters = characters;
    this.#deadline = performance.now() + milliseconds;
  }

  /** Counts steps, such as the items of a new list. */
  step(count = 1): void {
    this.#steps -= count;
    this.#untilLook -= count;
    if (!(this.#steps >= 0)) throw new TemplateError("the template takes too many steps");
    if (this.#untilLook > 0) return;
    this.#untilLook = STEPS_PER_LOOK;
    if (performance.now() > this.#deadline) throw new TemplateError("the template takes too long");
  }

  /** Counts a text of this length before it is created. */
  write(characters: number): void {
    this.#characters -= characters;
    if (!(characters <= MAX_TEXT_CHARACTERS) || this.#characters < 0) {
      throw new TemplateError("the template writes too much text");
    }
  }

  /** Runs a task one level deeper. */
  within<Result>(task: () => Result): Result {
    this.enter();
    try {
      return task();
    } finally {
      this.leave();
    }
  }

  enter(): void {
    if (++this.#depth > MAX_DEPTH) throw new TemplateError("the template is nested too deeply");
  }

  leave(): void {
    this.#depth -= 1;
  }
}
