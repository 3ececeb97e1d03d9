import type { ForecastGrade, ForecastLine, ModelWork, SpeedCalibration, SpeedForecast } from "@nanoagent/models";
import { DEFAULT_BATCH_TOKENS } from "../load-settings.js";
import { type EngineThreads, threadPrior } from "./choose-threads.js";
import { type FittedRates, fitRates, type Observation, type UnitAmounts } from "./fit-rates.js";
import { ATTENTION, LAYER, type Phase, type SpeedFacts, STATE, speedPrior } from "./speed-prior.js";

/** Least speedup for choosing more threads: other processes need the cores as well. */
const MIN_THREAD_GAIN = 1.03;

/** Speed of a known model on a device: measured through an engine, or from a published table. */
export type SpeedRow = Pick<SpeedCalibration, "model" | "work" | "threads" | "context_tokens"> & {
  /** Null if a table does not contain it. */
  prefill_tokens_per_second: number | null;
  decode_tokens_per_second: number | null;
};

/** The model and settings to forecast the speed of. */
export interface ForecastRequest {
  model: string;
  work: ModelWork;
  /** Context length in tokens. */
  contextTokens: number;
  /** Threads of the plan. Default: the fastest timed numbers, or those that follow from the number of cores. */
  threads?: EngineThreads | undefined;
}

/** A forecast and its numbers of threads. */
export interface ThreadedForecast extends EngineThreads {
  forecast: SpeedForecast;
}

/** Tokens in the context at the start of the first answer. */
const START_TOKENS = 16;
/** Standard deviations of an interval that contains 90 % of the values. */
const INTERVAL_DEVIATIONS = 1.645;
/** Spread of the speed around the sum of its parts, by grade: other models, or the same model on another day. */
const MODEL_SPREADS: Readonly<Record<ForecastGrade, number>> = { measured: 0.05, calibrated: 0.1, prior: 0.15 };

/**
 * Creates a function that forecasts the speed of models on one device, from rows of models whose speed on it is known,
 * or from the facts of the device alone. Rows of one dense model in several types are enough for all models of these
 * types: each type has a rate, each layer an overhead, and each token of context a cost.
 */
export function forecastFrom(
  rows: readonly SpeedRow[],
  facts: SpeedFacts,
): (request: ForecastRequest) => ThreadedForecast {
  return (request) => {
    const { prefillThreads, decodeThreads } = threadPrior(facts.device.cpu_cores);
    const { threads } = request;
    const prefill =
      threads === undefined
        ? fastest("prefill", rows, facts, request, prefillThreads)
        : withThreads("prefill", rows, facts, request, threads.prefillThreads);
    const decode =
      threads === undefined
        ? fastest("decode", rows, facts, request, decodeThreads)
        : withThreads("decode", rows, facts, request, threads.decodeThreads);
    const grade = worst(prefill.grade, decode.grade);
    return {
      prefillThreads: prefill.threads,
      decodeThreads: decode.threads,
      forecast: {
        grade,
        prefill_at_start: prefill.atStart,
        prefill_at_full_context: prefill.atFull,
        decode_at_start: decode.atStart,
        decode_at_full_context: decode.atFull,
      },
    };
  };
}

interface PhaseForecast {
  grade: ForecastGrade;
  threads: number;
  atStart: ForecastLine;
  atFull: ForecastLine;
}

/** Forecasts with the fastest of the timed numbers of threads, the smallest of equal ones. */
function fastest(
  phase: Phase,
  rows: readonly SpeedRow[],
  facts: SpeedFacts,
  request: ForecastRequest,
  likelyThreads: number,
): PhaseForecast {
  const tried = triedThreads(rows, phase);
  const [first, ...others] = (tried.length > 0 ? tried : [likelyThreads]).map((threads) =>
    forecastPhase(phase, rows, facts, request, threads),
  ) as [PhaseForecast, ...PhaseForecast[]];
  return others.reduce(
    (best, next) => (next.atStart.expected > best.atStart.expected * MIN_THREAD_GAIN ? next : best),
    first,
  );
}

/** Forecasts with a given number of threads, from rows of the closest timed number. */
function withThreads(
  phase: Phase,
  rows: readonly SpeedRow[],
  facts: SpeedFacts,
  request: ForecastRequest,
  threads: number,
): PhaseForecast {
  const [closest = threads] = triedThreads(rows, phase).sort(
    (one, other) => Math.abs(one - threads) - Math.abs(other - threads),
  );
  return { ...forecastPhase(phase, rows, facts, request, closest), threads };
}

/** Lists the timed numbers of threads of a phase, smallest first. */
function triedThreads(rows: readonly SpeedRow[], phase: Phase): number[] {
  const timed = rows.filter((row) => (rateOf(row, phase) ?? 0) > 0);
  return [...new Set(timed.map(({ threads }) => threads))].sort((one, other) => one - other);
}

function forecastPhase(
  phase: Phase,
  allRows: readonly SpeedRow[],
  facts: SpeedFacts,
  request: ForecastRequest,
  threads: number,
): PhaseForecast {
  const rows = allRows.filter((row) => row.threads === threads && (rateOf(row, phase) ?? 0) > 0);
  const types = new Set([request.work, ...rows.map(({ work }) => work)].flatMap(typesOf));
  const { units, scaleSpread } = speedPrior(facts, types, phase, threads);
  const observations = rows.map(
    (row): Observation => ({
      amounts: amountsOf(row.work, phase, row.context_tokens),
      seconds: 1 / (rateOf(row, phase) ?? 1),
    }),
  );
  const rates = fitRates(units, observations, scaleSpread);
  const own = rows.filter(({ model, work }) => model === request.model && isSame(work, request.work));
  const grade: ForecastGrade = own.length > 0 ? "measured" : rows.length > 0 ? "calibrated" : "prior";
  const correction = own.length > 0 ? meanRatio(own, phase, rates) : 1;
  const line = (tokens: number): ForecastLine => {
    const { seconds, spread } = rates.predict(amountsOf(request.work, phase, tokens));
    const expected = 1 / (seconds * correction);
    const deviations = grade === "measured" ? MODEL_SPREADS.measured : Math.hypot(spread, MODEL_SPREADS[grade]);
    const factor = Math.exp(INTERVAL_DEVIATIONS * deviations);
    return { expected, low: expected / factor, high: expected * factor };
  };
  return {
    grade,
    threads,
    atStart: line(Math.min(START_TOKENS, request.contextTokens)),
    atFull: line(request.contextTokens),
  };
}

/** Returns the work for one token at a given number of tokens in the context. */
function amountsOf(work: ModelWork, phase: Phase, contextTokens: number): UnitAmounts {
  const amounts = new Map<string, number>();
  const add = (key: string, amount: number) => amounts.set(key, (amounts.get(key) ?? 0) + amount);
  for (const [type, weights] of Object.entries(work.weights_by_type)) add(type, weights);
  for (const [type, weights] of Object.entries(work.output_weights_by_type)) {
    add(type, phase === "decode" ? weights : weights / DEFAULT_BATCH_TOKENS);
  }
  add(LAYER, phase === "decode" ? work.layer_count : work.layer_count / DEFAULT_BATCH_TOKENS);
  add(STATE, work.state_numbers);
  for (const { numbers_per_token, window_tokens } of work.attention) {
    add(ATTENTION, numbers_per_token * Math.min(contextTokens, window_tokens ?? contextTokens));
  }
  return amounts;
}

/** Returns the mean factor by which a model was slower than the sum of its parts, over all its rows. */
function meanRatio(rows: readonly SpeedRow[], phase: Phase, rates: FittedRates): number {
  const logarithms = rows.map((row) => {
    const { seconds } = rates.predict(amountsOf(row.work, phase, row.context_tokens));
    return Math.log(1 / (rateOf(row, phase) ?? 1) / seconds);
  });
  return Math.exp(logarithms.reduce((sum, value) => sum + value, 0) / logarithms.length);
}

function rateOf(row: SpeedRow, phase: Phase): number | null {
  return phase === "prefill" ? row.prefill_tokens_per_second : row.decode_tokens_per_second;
}

function typesOf({ weights_by_type, output_weights_by_type }: ModelWork): string[] {
  return [...Object.keys(weights_by_type), ...Object.keys(output_weights_by_type)];
}

function isSame(one: ModelWork, other: ModelWork): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function worst(one: ForecastGrade, other: ForecastGrade): ForecastGrade {
  const grades: readonly ForecastGrade[] = ["measured", "calibrated", "prior"];
  return grades[Math.max(grades.indexOf(one), grades.indexOf(other))] ?? "prior";
}
