import { TemplateError } from "./template-error.js";

/** Limits of one rendering. A template is a program of the file's author, and must neither hang this one nor fill its memory. */
export interface TemplateLimits {
  /** Most steps: nodes that are evaluated, and values that lists get. */
  steps: number;
  /** Most characters of all texts that are written on the way together. */
  characters: number;
  /** Most time, in milliseconds. */
  milliseconds: number;
}

/** Limits of a whole conversation: the longest history, in a template that copies each message ten times, stays below them. */
export const CONVERSATION_LIMITS: TemplateLimits = { steps: 10_000_000, characters: 2 ** 28, milliseconds: 5000 };
/** Longest single text, in characters: a history with its template's marks is far shorter. */
const MAX_TEXT_CHARACTERS = 2 ** 25;
/** Expressions, blocks and macro calls inside one another: each takes some of the program's stack. */
const MAX_DEPTH = 200;
/** Steps between two looks at the clock. */
const STEPS_PER_LOOK = 4096;

/** Counts what a rendering costs. Throws {@link TemplateError} at a limit. */
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

  /** Counts a text of this length before it is made. */
  write(characters: number): void {
    this.#characters -= characters;
    if (!(characters <= MAX_TEXT_CHARACTERS) || this.#characters < 0) {
      throw new TemplateError("the template writes too much text");
    }
  }

  /** Does a task one level deeper. */
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
