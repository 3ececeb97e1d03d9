/** A unit of work, such as a weight of a type or a layer, with its prior cost. */
export interface CostUnit {
  key: string;
  /** Seconds per unit. */
  seconds: number;
  /** Standard deviation of the natural logarithm of `seconds`. */
  spread: number;
  /** Whether the common speed factor of the machine applies, as it does to weights of every type. */
  isScaled: boolean;
}

/** Amounts of each unit, by key. */
export type UnitAmounts = ReadonlyMap<string, number>;

/** One timed measurement. */
export interface Observation {
  amounts: UnitAmounts;
  seconds: number;
}

export interface FittedRates {
  /** Predicts the seconds for the given amounts. `spread` is the standard deviation of the natural logarithm. */
  predict(amounts: UnitAmounts): { seconds: number; spread: number };
}

/** Spread of repeated measurements, caused by other processes, clock rates and heat. */
const OBSERVATION_SPREAD = 0.05;
const MAX_STEPS = 40;
/** Largest change of a rate in one step, as a power of e, so that the iteration does not diverge. */
const LONGEST_STEP = 1;
const SMALLEST_STEP = 1e-6;

/**
 * Fits the cost of each unit to the observations; without observations of a unit, its prior cost remains. Time is the
 * sum of amounts × costs. Priors and errors are log-normal, and the result is the maximum a posteriori (Gauss–Newton).
 * All scaled units share one factor, whose prior is 1 with the spread `scaleSpread`: timing one type also informs the
 * others.
 */
export function fitRates(
  units: readonly CostUnit[],
  observations: readonly Observation[],
  scaleSpread: number,
): FittedRates {
  const indexes = new Map(units.map(({ key }, index) => [key, index + 1]));
  const spreads = [scaleSpread, ...units.map(({ spread }) => spread)];
  const size = spreads.length;
  let values = new Array<number>(size).fill(0);

  /** Returns the time, and the share of it that depends on each value. */
  const evaluate = (amounts: UnitAmounts, at: readonly number[]): { seconds: number; shares: number[] } => {
    const shares = new Array<number>(size).fill(0);
    let seconds = 0;
    for (const [key, amount] of amounts) {
      const index = indexes.get(key);
      const unit = index === undefined ? undefined : units[index - 1];
      if (index === undefined || unit === undefined || amount <= 0) continue;
      const cost = unit.seconds * Math.exp((at[index] ?? 0) + (unit.isScaled ? (at[0] ?? 0) : 0)) * amount;
      seconds += cost;
      shares[index] = (shares[index] ?? 0) + cost;
      if (unit.isScaled) shares[0] = (shares[0] ?? 0) + cost;
    }
    return { seconds, shares: shares.map((share) => (seconds > 0 ? share / seconds : 0)) };
  };

  /** Returns the curvature of the posterior at these values, and the descent direction. */
  const bend = (at: readonly number[]) => {
    const matrix = Array.from({ length: size }, (_, row) =>
      Array.from({ length: size }, (_, column) => (row === column ? 1 / (spreads[row] ?? 1) ** 2 : 0)),
    );
    const downhill = at.map((value, index) => -value / (spreads[index] ?? 1) ** 2);
    for (const { amounts, seconds } of observations) {
      const expected = evaluate(amounts, at);
      if (!(expected.seconds > 0 && seconds > 0)) continue;
      const error = Math.log(seconds / expected.seconds);
      for (const [row, share] of expected.shares.entries()) {
        if (share === 0) continue;
        downhill[row] = (downhill[row] ?? 0) + (share * error) / OBSERVATION_SPREAD ** 2;
        const line = matrix[row] ?? [];
        for (const [column, other] of expected.shares.entries()) {
          line[column] = (line[column] ?? 0) + (share * other) / OBSERVATION_SPREAD ** 2;
        }
      }
    }
    return { matrix, downhill };
  };

  for (let step = 0; step < MAX_STEPS; step++) {
    const { matrix, downhill } = bend(values);
    const move = solve(matrix, downhill);
    const longest = Math.max(...move.map(Math.abs));
    const factor = longest > LONGEST_STEP ? LONGEST_STEP / longest : 1;
    values = values.map((value, index) => value + factor * (move[index] ?? 0));
    if (longest < SMALLEST_STEP) break;
  }
  const { matrix } = bend(values);
  return {
    predict(amounts) {
      const { seconds, shares } = evaluate(amounts, values);
      const variance = solve(matrix, shares).reduce((sum, value, index) => sum + value * (shares[index] ?? 0), 0);
      return { seconds, spread: Math.sqrt(Math.max(0, variance)) };
    },
  };
}

/** Solves a symmetric, positive definite system by Cholesky decomposition. */
function solve(matrix: readonly (readonly number[])[], right: readonly number[]): number[] {
  const size = right.length;
  const lower = matrix.map((row) => [...row]);
  const at = (row: number, column: number) => lower[row]?.[column] ?? 0;
  const put = (row: number, column: number, value: number) => {
    const line = lower[row];
    if (line !== undefined) line[column] = value;
  };
  for (let column = 0; column < size; column++) {
    for (let row = column; row < size; row++) {
      let sum = at(row, column);
      for (let before = 0; before < column; before++) sum -= at(row, before) * at(column, before);
      put(row, column, row === column ? Math.sqrt(Math.max(sum, Number.EPSILON)) : sum / at(column, column));
    }
  }
  const half = new Array<number>(size).fill(0);
  for (let row = 0; row < size; row++) {
    let sum = right[row] ?? 0;
    for (let before = 0; before < row; before++) sum -= at(row, before) * (half[before] ?? 0);
    half[row] = sum / at(row, row);
  }
  const result = new Array<number>(size).fill(0);
  for (let row = size - 1; row >= 0; row--) {
    let sum = half[row] ?? 0;
    for (let after = row + 1; after < size; after++) sum -= at(after, row) * (result[after] ?? 0);
    result[row] = sum / at(row, row);
  }
  return result;
}
