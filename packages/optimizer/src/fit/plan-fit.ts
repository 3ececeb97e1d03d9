import type { DeviceMeasurement, EdgeDevice, FitPlan } from "@nanoagent/models";
import type { GgufHeader } from "../formats/gguf/gguf-header.js";
import { ENOUGH_CONTEXT_TOKENS } from "../load-settings.js";
import { expectedDivergence } from "../quality/expected-divergence.js";
import { forecastFrom, type ThreadedForecast } from "../speed/forecast-from.js";
import { mainType, modelWork } from "../speed/model-work.js";
import { InvalidFitRequestError } from "./invalid-fit-request-error.js";
import { fitLoadings, type Misfit } from "./plan-header.js";
import { QUANTIZATION_TYPES, quantizeHeader } from "./quantize-header.js";

/** What a plan is to be best at, and what it must reach in any case. */
export interface PlanGoal {
  /** Default: `quality`. */
  for?: "context" | "speed" | "quality" | undefined;
  /** Tokens of context that it must have, no more and no fewer. Default: as many as fit. */
  contextTokens?: number | undefined;
  /** With fewer tokens a plan comes after all others. Default: 4096, or what the model was trained for. */
  minContextTokens?: number | undefined;
  /** Answering more slowly, a plan comes after all others. Default: 5. */
  minTokensPerSecond?: number | undefined;
  /** Whether files may be quantized before they are loaded. Default: true. */
  mayQuantize?: boolean | undefined;
}

export interface PlanFitOptions {
  /** Headers of the files to choose from: several models, or one model in several quantizations. */
  models: readonly GgufHeader[];
  device: EdgeDevice;
  /** What the CPU can do (`avx2`, `asimddp`); null where it is not known. */
  cpuFeatures: readonly string[] | null;
  /** What the model, its engine and the process that it lives in may take together. */
  budgetBytes: number;
  goal?: PlanGoal | undefined;
  /** What was measured on the device; null where nothing was: then forecasts stand on what it is alone. */
  measurement?: DeviceMeasurement | null | undefined;
}

const MIN_TOKENS_PER_SECOND = 5;
/** What a file may be quantized to; the last for speed: it is read and computed fastest. */
const TARGET_TYPES = [...QUANTIZATION_TYPES, "q4_0"] as const;
/** Quantizing what is quantized already adds one loss to the other: only files of these types are made smaller. */
const SOURCE_TYPES: ReadonlySet<string> = new Set(["f32", "f16", "bf16", "q8_0"]);
/** Above this divergence answers break down, and a smaller model that is whole is better. */
const MAX_DIVERGENCE = 0.5;
/** Models whose sizes differ by less are as able as each other. */
const SAME_SIZE_FACTOR = 1.2;

/**
 * The ways to run one of several models within a budget, the best first by the goal: one for each file, and for
 * each type that a file could be quantized to. Plans that miss a floor come last; {@link missedFloors} says which. Throws
 * `DoesNotFitError` with the cheapest changes where nothing fits at all: that of the model which is nearest to it.
 */
export function planFit(options: PlanFitOptions): FitPlan[] {
  const { models, device, cpuFeatures, measurement = null, goal = {} } = options;
  if (models.length === 0) throw new InvalidFitRequestError("models", "[]", "at least one model");
  const forecast = forecastFrom(measurement?.calibrations ?? [], { device, cpuFeatures, measurement });
  const plans: FitPlan[] = [];
  let nearest: Misfit | null = null;
  for (const model of models) {
    for (const { header, quantizeTo } of variantsOf(model, models, goal.mayQuantize ?? true)) {
      const result = planVariant(header, options);
      if ("refuse" in result) {
        // What is suggested to be quantized is a way out of the file's own refusal already.
        if (quantizeTo === null && (nearest === null || result.excessBytes < nearest.excessBytes)) nearest = result;
        continue;
      }
      const wanted = {
        model: header.name ?? header.path,
        work: modelWork(header),
        contextTokens: result.context_tokens,
      };
      plans.push({
        ...withForecast(result, forecast(wanted)),
        quantize_to: quantizeTo,
        quality: expectedDivergence(header),
      });
    }
  }
  if (plans.length === 0 && nearest !== null) throw nearest.refuse();
  return plans.sort((one, other) => compare(one, other, goal));
}

/** What a plan does not reach of the goal's floors, in words. */
export function missedFloors(plan: FitPlan, goal: PlanGoal = {}): string[] {
  const missed: string[] = [];
  const context = goal.minContextTokens ?? minContextOf(plan);
  if (goal.contextTokens === undefined && plan.context_tokens < context) {
    missed.push(`${plan.context_tokens} tokens of context are fewer than ${context}`);
  }
  const rate = goal.minTokensPerSecond ?? MIN_TOKENS_PER_SECOND;
  const expected = plan.forecast?.decode_at_start.expected;
  if (expected !== undefined && expected < rate) {
    missed.push(`${expected.toFixed(1)} tokens per second are fewer than ${rate}`);
  }
  return missed;
}

function minContextOf({ model }: FitPlan): number {
  return Math.min(ENOUGH_CONTEXT_TOKENS, model.training_context_tokens ?? ENOUGH_CONTEXT_TOKENS);
}

/** The file as it is, and in types that it can be quantized to and that no file of the same model is in already. */
function variantsOf(
  header: GgufHeader,
  models: readonly GgufHeader[],
  mayQuantize: boolean,
): { header: GgufHeader; quantizeTo: string | null }[] {
  const asItIs = { header, quantizeTo: null };
  const alike = models.filter((other) => isSameModel(header, other));
  const best = alike.reduce((most, other) => (other.file_bytes > most.file_bytes ? other : most), header);
  const matrices = header.tensors.filter(({ shape }) => shape.length >= 2);
  if (!mayQuantize || best !== header || !matrices.every(({ type }) => SOURCE_TYPES.has(type))) return [asItIs];
  const there = new Set(alike.map((other) => mainType(modelWork(other))));
  const smaller = TARGET_TYPES.filter((type) => !there.has(type)).map((type) => ({
    header: quantizeHeader(header, type),
    quantizeTo: type,
  }));
  // Where rows do not fill the blocks of a type, another is taken for it: what would be the same file comes once.
  const seen = new Set<string>();
  const isNew = (variant: { header: GgufHeader }) => {
    const types = variant.header.tensors.map(({ type }) => type).join(" ");
    const isSmaller = variant.header.file_bytes < header.file_bytes;
    return isSmaller && !seen.has(types) && seen.add(types) !== undefined;
  };
  return [asItIs, ...smaller.filter(isNew)];
}

/** Quantizations of one model have the same name, the same tensors and the same shapes. */
function isSameModel(one: GgufHeader, other: GgufHeader): boolean {
  const weights = ({ tensors }: GgufHeader) => tensors.reduce((sum, tensor) => sum + tensor.weights, 0);
  return one.architecture === other.architecture && one.name === other.name && weights(one) === weights(other);
}

/** One plan for a model: the first way of loading it that has the context wished for, else the one with the longest. */
function planVariant(header: GgufHeader, options: PlanFitOptions): FitPlan | Misfit {
  const { device, cpuFeatures, budgetBytes, goal = {} } = options;
  const request = {
    device,
    budget_bytes: budgetBytes,
    context_tokens: goal.contextTokens ?? ("auto" as const),
    cpu_features: cpuFeatures,
  };
  const enough = goal.for === "context" ? Number.POSITIVE_INFINITY : (goal.contextTokens ?? goal.minContextTokens);
  return fitLoadings(header, request, enough);
}

function withForecast(plan: FitPlan, { forecast, prefillThreads, decodeThreads }: ThreadedForecast): FitPlan {
  return { ...plan, forecast, prefill_threads: prefillThreads, decode_threads: decodeThreads };
}

function compare(one: FitPlan, other: FitPlan, goal: PlanGoal): number {
  const floors = missedFloors(one, goal).length - missedFloors(other, goal).length;
  if (floors !== 0) return floors;
  const context = other.context_tokens - one.context_tokens;
  const speed = (other.forecast?.decode_at_start.expected ?? 0) - (one.forecast?.decode_at_start.expected ?? 0);
  const quality = compareQuality(one, other);
  const order = {
    context: [context, quality, speed],
    speed: [speed, quality, context],
    quality: [quality, speed, context],
  };
  return order[goal.for ?? "quality"].find((difference) => difference !== 0) ?? 0;
}

/** Whole models before broken ones, large before small, and of one size that which is nearest to its original. */
function compareQuality(one: FitPlan, other: FitPlan): number {
  const [broken, otherBroken] = [one, other].map((plan) => divergenceOf(plan) > MAX_DIVERGENCE);
  if (broken !== otherBroken) return broken ? 1 : -1;
  const [size, otherSize] = [one, other].map(({ model }) => model.parameter_count ?? 1);
  const ratio = (otherSize ?? 1) / (size ?? 1);
  if (ratio > SAME_SIZE_FACTOR || ratio < 1 / SAME_SIZE_FACTOR) return ratio > 1 ? 1 : -1;
  return divergenceOf(one) - divergenceOf(other);
}

function divergenceOf({ quality }: FitPlan): number {
  return quality?.expected_divergence ?? MAX_DIVERGENCE;
}
