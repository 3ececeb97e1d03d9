/**
 * One that does the work which is compared, and is told in which round; those below 0 count for nothing.
 *
 * @template Figures
 * @typedef {{ name: string, run: (round: number) => Promise<Figures> }} Runner
 */

/**
 * What one did in all rounds, or why it could not.
 *
 * @template Figures
 * @typedef {{ figures: Figures[], failure: unknown }} Outcome
 */

/**
 * Lets runners take turns: A B A B, so that what else the machine does falls on all of them alike. Rounds before the first
 * one that counts read files into memory. A runner that fails once is left out from then on, and has no figures.
 *
 * @template Figures
 * @param {readonly Runner<Figures>[]} runners
 * @param {{ pairs: number, warmUps?: number, onFigures?: (name: string, round: number, figures: Figures) => void }} options
 * @returns {Promise<Record<string, Outcome<Figures>>>}
 */
export async function runInPairs(runners, { pairs, warmUps = 0, onFigures = () => {} }) {
  /** @type {Record<string, Outcome<Figures>>} */
  const outcomes = Object.fromEntries(runners.map(({ name }) => [name, { figures: [], failure: null }]));
  for (let round = -warmUps; round < pairs; round++) {
    for (const { name, run } of runners) {
      const outcome = outcomes[name];
      if (outcome === undefined || outcome.failure !== null) continue;
      try {
        const figures = await run(round);
        onFigures(name, round, figures);
        if (round >= 0) outcome.figures.push(figures);
      } catch (error) {
        outcomes[name] = { figures: [], failure: error ?? new Error("it failed without a reason") };
      }
    }
  }
  return outcomes;
}

/**
 * Ratios of one runner's figures to another's, each within its own round.
 *
 * @template Figures
 * @param {readonly Figures[]} own
 * @param {readonly Figures[]} base of the same rounds
 * @param {(figures: Figures) => number} read
 * @returns {number[]}
 * @throws {RangeError} where rounds are missing on one side: figures of different rounds are no pair
 */
export function pairRatios(own, base, read) {
  if (own.length !== base.length)
    throw new RangeError(`${own.length} rounds on one side and ${base.length} on the other`);
  return own.map((figures, round) => read(figures) / read(/** @type {Figures} */ (base[round])));
}

/**
 * Figures that are the least of several runners, round by round: the best fixed choice that there was.
 *
 * @template Figures
 * @param {readonly (readonly Figures[])[]} runners
 * @param {(figures: Figures) => number} read
 * @returns {Figures[]}
 */
export function leastOfEach(runners, read) {
  const [first = [], ...others] = runners;
  return first.map((figures, round) =>
    others.reduce(
      (least, { [round]: other }) => (other !== undefined && read(other) < read(least) ? other : least),
      figures,
    ),
  );
}
