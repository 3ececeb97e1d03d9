/**
 * Measured speed of a model, from `time-model.mjs`. Forecasts are based on these rows.
 *
 * @typedef {import("../../../optimizer/src/index.js").SpeedRow & {
 *   type: string,
 *   file_bytes: number,
 *   parameters: number,
 *   prefill_tokens_per_second: number,
 *   decode_tokens_per_second: number,
 * }} TimedRow
 */

/** @typedef {"prefill" | "decode"} Phase */
/** @typedef {"forecast" | "bandwidth ÷ size" | "constant ÷ parameters"} Predictor */

/**
 * Forecast for a model, and its measured speed.
 *
 * @typedef {object} Judgement
 * @property {Phase} phase
 * @property {string} model
 * @property {string} type
 * @property {number} context_tokens
 * @property {number} actual tokens per second
 * @property {Record<Predictor, number>} expected
 * @property {boolean} isWithin whether the speed is within the interval of the forecast
 */

/** Facts that the forecasts are made from. @typedef {object} Facts
 * @property {typeof import("../../../optimizer/src/index.js").forecastFrom} forecastFrom
 * @property {import("../../../optimizer/src/index.js").SpeedFacts} facts
 */

/** Threads of all measurements. */
const THREADS = 1;
/** A published rule for x86: 70 ÷ billions of parameters × 0.3 × 1.1 tokens per second. */
const PUBLISHED_RATE_TIMES_PARAMETERS = 70e9 * 0.33;

/**
 * Forecasts each row from `known` rows, or, if there are none, from the device and a micro-benchmark. Rows of the same
 * model are left out, so that no forecast uses figures of its own model.
 *
 * @param {readonly TimedRow[]} rows
 * @param {readonly TimedRow[]} known
 * @param {Facts} options
 * @returns {Judgement[]}
 */
export function judgeForecasts(rows, known, { forecastFrom, facts }) {
  const phases = /** @type {const} */ (["prefill", "decode"]);
  return phases.flatMap((phase) => {
    return rows
      .filter(({ threads }) => threads === THREADS)
      .map((row) => {
        const others = known.filter(({ threads, model }) => threads === THREADS && model !== row.model);
        const request = { model: row.model, work: row.work, contextTokens: row.context_tokens };
        // A device with one core, so that forecasts are for one thread.
        const device = { ...facts.device, cpu_cores: THREADS };
        const { forecast } = forecastFrom(others, { ...facts, device })(request);
        const line = phase === "decode" ? forecast.decode_at_full_context : forecast.prefill_at_full_context;
        const actual = rateOf(row, phase);
        return {
          phase,
          model: row.model,
          type: row.type,
          context_tokens: row.context_tokens,
          actual,
          expected: { forecast: line.expected, ...naively(row, others, phase, facts) },
          isWithin: actual >= line.low && actual <= line.high,
        };
      });
  });
}

/**
 * Returns the mean absolute error of a predictor, as a share of the measured speed.
 *
 * @param {readonly Judgement[]} judgements
 * @param {Predictor} predictor
 */
export function meanError(judgements, predictor) {
  const errors = judgements.map(({ actual, expected }) => Math.abs(expected[predictor] / actual - 1));
  return errors.reduce((sum, error) => sum + error, 0) / errors.length;
}

/**
 * Two rules of thumb, each with the constant that fits the known rows best.
 *
 * @param {TimedRow} row
 * @param {readonly TimedRow[]} known
 * @param {Phase} phase
 * @param {import("../../../optimizer/src/index.js").SpeedFacts} facts
 */
function naively(row, known, phase, facts) {
  const constant = (/** @type {(row: TimedRow) => number} */ sizeOf) =>
    Math.exp(mean(known.map((other) => Math.log(rateOf(other, phase) * sizeOf(other)))));
  const ofBytes = (/** @type {TimedRow} */ { file_bytes }) => file_bytes;
  const ofParameters = (/** @type {TimedRow} */ { parameters }) => parameters;
  const bandwidth = facts.measurement?.bandwidth.find(({ threads }) => threads === THREADS)?.per_second;
  return {
    "bandwidth ÷ size": (known.length > 0 ? constant(ofBytes) : (bandwidth ?? Number.NaN)) / row.file_bytes,
    "constant ÷ parameters":
      (known.length > 0 ? constant(ofParameters) : PUBLISHED_RATE_TIMES_PARAMETERS) / row.parameters,
  };
}

/** @param {TimedRow} row @param {Phase} phase */
function rateOf(row, phase) {
  return phase === "decode" ? row.decode_tokens_per_second : row.prefill_tokens_per_second;
}

/** @param {readonly number[]} values */
function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
