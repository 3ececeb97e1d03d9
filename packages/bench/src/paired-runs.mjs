/**
 * Contender in a comparison. `run` does its work in one round; rounds below 0 are warm-ups.
 *
 * @template Figures
 * @typedef {{ name: string, run: (round: number) => Promise<Figures> }} Runner
 */

/**
 * Figures of a runner in all rounds, or the reason for its failure.
 *
 * @template Figures
 * @typedef {{ figures: Figures[], failure: unknown }} Outcome
 */

/**
 * Runs the runners in turn (A B A B), so that other work on the machine affects all of them equally. Warm-up rounds
 * read files into memory. A runner that fails is not run again and has no figures.
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
        outcomes[name] = { figures: [], failure: error ?? new Error("failed for an unknown reason") };
      }
    }
  }
  return outcomes;
}

/**
 * Returns the ratios of one runner's figures to another's, round by round.
 *
 * @template Figures
 * @param {readonly Figures[]} own
 * @param {readonly Figures[]} base of the same rounds
 * @param {(figures: Figures) => number} read
 * @returns {number[]}
 * @throws {RangeError} if the sides have different numbers of rounds
 */
export function pairRatios(own, base, read) {
  if (own.length !== base.length) throw new RangeError(`Cannot pair ${own.length} rounds with ${base.length}`);
  return own.map((figures, round) => read(figures) / read(/** @type {Figures} */ (base[round])));
}

/**
 * Returns the lowest figures of several runners, round by round: the best fixed choice.
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
