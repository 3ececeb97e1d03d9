/**
 * @typedef {Readonly<Record<string, number>>} Features
 * @typedef {{ options: readonly Features[], truth: number }} Choice features of each option, and the index of the right one
 */

const STEPS = 2500;
const STEP_SIZE = 0.03;
/** Strength of the L2 regularization of all weights except the constant. */
const RIDGE = 0.005;
const CONSTANT = "none";

/**
 * Fits the weights of a conditional logit (McFadden 1974) by Adam (Kingma and Ba 2015): the probability of an option is the
 * exponential of its weighted features, over the sum for all options.
 *
 * @param {readonly Choice[]} choices
 * @param {readonly string[]} names of the features
 * @returns {Record<string, number>} rounded to two places
 */
export function fitWeights(choices, names) {
  const data = choices.map(({ options, truth }) => ({
    rows: options.map((row) => names.map((name) => row[name] ?? 0)),
    truth,
  }));
  let weights = names.map(() => 0);
  const means = names.map(() => 0);
  const squares = names.map(() => 0);
  for (let step = 1; step <= STEPS; step++) {
    const slope = weights.map((weight, at) => (names[at] === CONSTANT ? 0 : RIDGE * weight));
    for (const { rows, truth } of data) {
      const shares = probabilities(rows.map((row) => dot(row, weights)));
      for (const [index, row] of rows.entries()) {
        const excess = ((shares[index] ?? 0) - (index === truth ? 1 : 0)) / data.length;
        for (const [at, value] of row.entries()) slope[at] = (slope[at] ?? 0) + excess * value;
      }
    }
    weights = weights.map((weight, at) => {
      const given = slope[at] ?? 0;
      const mean = 0.9 * (means[at] ?? 0) + 0.1 * given;
      const square = 0.999 * (squares[at] ?? 0) + 0.001 * given * given;
      means[at] = mean;
      squares[at] = square;
      return weight - (STEP_SIZE * (mean / (1 - 0.9 ** step))) / (Math.sqrt(square / (1 - 0.999 ** step)) + 1e-8);
    });
  }
  return Object.fromEntries(names.map((name, at) => [name, Math.round((weights[at] ?? 0) * 100) / 100]));
}

/**
 * Returns the share of choices whose likeliest option is right.
 *
 * @param {Readonly<Record<string, number>>} weights
 * @param {readonly Choice[]} choices
 */
export function shareRight(weights, choices) {
  const right = choices.filter(({ options, truth }) => {
    const scores = options.map((row) =>
      Object.entries(row).reduce((sum, [name, value]) => sum + value * (weights[name] ?? 0), 0),
    );
    return scores.indexOf(Math.max(...scores)) === truth;
  });
  return choices.length === 0 ? 0 : right.length / choices.length;
}

/** @param {readonly number[]} scores */
function probabilities(scores) {
  const most = Math.max(...scores);
  const raised = scores.map((score) => Math.exp(score - most));
  const sum = raised.reduce((total, value) => total + value, 0);
  return raised.map((value) => value / sum);
}

/**
 * @param {readonly number[]} one
 * @param {readonly number[]} other
 */
function dot(one, other) {
  return one.reduce((sum, value, at) => sum + value * (other[at] ?? 0), 0);
}
