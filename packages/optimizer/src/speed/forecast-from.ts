import type { ForecastGrade, ForecastLine, ModelWork, SpeedCalibration, SpeedForecast } from "@nanoagent/models";
import { DEFAULT_BATCH_TOKENS } from "../load-settings.js";
import { type EngineThreads, threadPrior } from "./choose-threads.js";
import { type FittedRates, fitRates, type Observation, type UnitAmounts } from "./fit-rates.js";
import { ATTENTION, LAYER, type Phase, type SpeedFacts, STATE, speedPrior } from "./speed-prior.js";

/** A larger number of threads is chosen only if it is faster by this factor: other processes need the cores as well. */
const MIN_THREAD_GAIN = 1.03;

/** Speed of a known model on a device: measured through an engine, or from a published table. */
export type SpeedRow = Pick<SpeedCalibration, "model" | "work" | "threads" | "context_tokens"> & {
  /** Null where a table does not have it. */
  prefill_tokens_per_second: number | null;
  decode_tokens_per_second: number | null;
};

/** A model whose speed is to be forecast. */
export interface ForecastRequest {
  model: string;
  work: ModelWork;
  /** Tokens that the context has room for. */
  contextTokens: number;
  /** Threads of the plan. Default: the fastest that were timed, or those that the number of cores suggests. */
  threads?: EngineThreads | undefined;
}

/** A forecast, and the threads that it is for. */
export interface ThreadedForecast extends EngineThreads {
  forecast: SpeedForecast;
}

/** Tokens in the context when an answer begins that nothing went before. */
const START_TOKENS = 16;
/** 90 of 100 figures are within so many standard deviations. */
const INTERVAL_DEVIATIONS = 1.645;
/** Spread of models of other shapes around the sum of their parts, and of the same model from one day to the next. */
const MODEL_SPREADS: Readonly<Record<ForecastGrade, number>> = { measured: 0.05, calibrated: 0.1, prior: 0.15 };

/**
 * Forecasts how fast models are on one device, from rows of models whose speed on it is known; without any, from what
 * the device is alone. Rows of one dense model in several types make all models of these types foreseeable: each type
 * has a rate, each layer an overhead, each token of context a price.
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

/** Forecasts with the number of threads that is fastest among those that were timed; of equal ones the smallest. */
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

/** Forecasts with a number of threads, from the timed number that is closest to it. */
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

/** Numbers of threads that a phase was timed with, the smallest first. */
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

/** Returns the work for one token with so many tokens in the context. */
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

/** Returns the factor by which a model took longer than its parts suggest, over all its rows. */
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
