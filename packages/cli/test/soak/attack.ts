import { appendFileSync } from "node:fs";
import { expect } from "vitest";

/** Share of the whole attack that `npm test` makes; `pnpm soak` makes all of it. */
const SHARE = process.env.NANOAGENT_SOAK ? 1 : 0.1;

/** Number of times to try something that the whole attack does `all` times. */
export function times(all: number): number {
  return Math.max(1, Math.round(all * SHARE));
}

/** One kind of attack, and what came of it. */
export class Attack {
  readonly #title: string;
  #tried = 0;
  readonly #failures: Record<"lost" | "wrong" | "silent", string[]> = { lost: [], wrong: [], silent: [] };

  constructor(title: string) {
    this.#title = title;
  }

  tried(count = 1): void {
    this.#tried += count;
  }

  /** Something that was acknowledged is gone. */
  lost(what: string): void {
    this.#failures.lost.push(what);
  }

  /** Something else came out than was put in, or the program ended as it must not. */
  wrong(what: string): void {
    this.#failures.wrong.push(what);
  }

  /** Something is missing or damaged, and nobody said so. */
  silent(what: string): void {
    this.#failures.silent.push(what);
  }

  /** Writes the row of the table that `pnpm soak` prints, and fails unless everything held. */
  finish(): void {
    const { lost, wrong, silent } = this.#failures;
    const row = {
      attack: this.#title,
      tried: this.#tried,
      lost: lost.length,
      wrong: wrong.length,
      silent: silent.length,
    };
    const table = process.env.NANOAGENT_SOAK_TABLE;
    if (table !== undefined) appendFileSync(table, `${JSON.stringify(row)}\n`);
    expect(this.#tried).toBeGreaterThan(0);
    expect({ lost: lost.slice(0, 5), wrong: wrong.slice(0, 5), silent: silent.slice(0, 5) }).toEqual({
      lost: [],
      wrong: [],
      silent: [],
    });
  }
}

/** A pseudo-random number generator, so that an attack that failed can be repeated: `NANOAGENT_SOAK_SEED` sets its seed. */
export function randomNumbers(seed = Number(process.env.NANOAGENT_SOAK_SEED ?? 1)): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}
