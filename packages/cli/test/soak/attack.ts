import { appendFileSync } from "node:fs";
import { expect } from "vitest";

/** Share of the full attack that `npm test` runs; `pnpm soak` runs all of it. */
const SHARE = process.env.NANOAGENT_SOAK ? 1 : 0.1;

/** Returns how often to repeat something that the full attack does `all` times. */
export function times(all: number): number {
  return Math.max(1, Math.round(all * SHARE));
}

/** One kind of attack and its results. */
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

  /** Acknowledged data is lost. */
  lost(what: string): void {
    this.#failures.lost.push(what);
  }

  /** The data changed, or the program ended in a wrong way. */
  wrong(what: string): void {
    this.#failures.wrong.push(what);
  }

  /** Something is missing or damaged without a message. */
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

/** Returns a pseudo-random number generator. `NANOAGENT_SOAK_SEED` sets its seed, to repeat a failed attack. */
export function randomNumbers(seed = Number(process.env.NANOAGENT_SOAK_SEED ?? 1)): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}
