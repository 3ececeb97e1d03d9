import type { FitPlan, SpeedForecast } from "@nanoagent/models";
import { bestChoice } from "../choices/best-choice.js";
import { compareChoices, type PlannedChoice } from "../choices/compare-choices.js";
import { describeBasis } from "./describe-basis.js";
import type { CatalogueFile, CatalogueModel, ModelCatalogue, ModelUse } from "./model-catalogue.js";
import { type CatalogueFilePlan, type CataloguePlanOptions, planCatalogueFile } from "./plan-catalogue-file.js";
import { quantizationBits } from "./quantization-mix.js";
import { compareRanks, rankOf } from "./rank-models.js";

/** A model that fits the device. Null stands for unknown. */
export interface Recommendation {
  name: string;
  repository: string;
  file: string;
  quantization: string;
  download_bytes: number | null;
  memory_bytes: number;
  context_tokens: number | null;
  forecast: SpeedForecast | null;
  license: string | null;
  good_for: readonly ModelUse[];
  /** Basis of each figure, in words. */
  stands_on: Readonly<Record<string, string>>;
  plan: FitPlan | null;
}

/** A model of the catalogue that is not recommended. */
export interface LeftOutModel {
  name: string;
  repository: string;
  /**
   * `use`: not known to be good for it. `memory`: too large. `unknown-size`: neither size nor shape are known. `variant`:
   * another entry with the same model is recommended.
   */
  cause: "use" | "memory" | "unknown-size" | "variant";
  /** Smallest memory that one of its files needs; null if unknown. */
  memory_bytes: number | null;
}

/** Recommended models, best first, and all others. */
export interface Recommendations {
  models: readonly Recommendation[];
  left_out: readonly LeftOutModel[];
}

export interface RecommendOptions extends CataloguePlanOptions {
  /** Only models that are good for this; null: all that write text. */
  for: ModelUse | null;
}

/** Files above this many bits per weight need twice the memory. Without a plan, they are not recommended. */
const MOST_USEFUL_BITS = 9;
/** Digits of a size that was computed from a shape. */
const COMPUTED_SIZE_DIGITS = 2;

/**
 * Ranks the models of a catalogue that fit a device. Models that write at least 5 tokens per second come first, and
 * among them those with a context of 4,096 tokens; then the larger ones, by classes of size, and within a class those
 * with the better published figures. Of each model, the file is recommended that a download from a repository with these
 * files would choose; of entries with the same model, the one with that file.
 *
 * Nothing is read or downloaded. Planning 50 models takes about half a second.
 */
export function recommendModels(catalogue: ModelCatalogue, options: RecommendOptions): Recommendations {
  const chosen: PlannedFile[] = [];
  const leftOut: LeftOutModel[] = [];
  for (const entries of variantsOf(catalogue)) {
    const files = entries
      .filter((model) => isFor(model, options.for))
      .flatMap((model) => model.files.map((file) => planFile(model, file, options)));
    const best = chooseFile(files);
    if (best !== null) chosen.push(best);
    for (const model of entries) {
      if (model !== best?.model) leftOut.push(leftOutModel(model, files));
    }
  }
  const speedOf = likelySpeeds(chosen);
  const ranked = chosen.map((file) => ({
    recommendation: recommendationOf(catalogue, file),
    rank: rankOf(file.model, { ...file, use: options.for, tokensPerSecond: speedOf(file) }),
  }));
  ranked.sort((one, other) => compareRanks(one.rank, other.rank));
  return { models: ranked.map(({ recommendation }) => recommendation), left_out: leftOut };
}

/** Groups the entries that have the same model in different files. */
function variantsOf({ models }: ModelCatalogue): Iterable<readonly CatalogueModel[]> {
  const groups = new Map<string, CatalogueModel[]>();
  for (const model of models) {
    const name = model.variant_of ?? model.name;
    groups.set(name, [...(groups.get(name) ?? []), model]);
  }
  return groups.values();
}

function leftOutModel(model: CatalogueModel, planned: readonly PlannedFile[]): LeftOutModel {
  const { name, repository } = model;
  const files = planned.filter((file) => file.model === model);
  if (files.length === 0) return { name, repository, cause: "use", memory_bytes: null };
  if (files.some(({ planned: { fits } }) => fits)) return { name, repository, cause: "variant", memory_bytes: null };
  const needs = files.flatMap(({ planned: { memoryBytes } }) => memoryBytes ?? []);
  const memory_bytes = needs.length === 0 ? null : Math.min(...needs);
  return { name, repository, cause: memory_bytes === null ? "unknown-size" : "memory", memory_bytes };
}

function isFor(model: CatalogueModel, use: ModelUse | null): boolean {
  if (use === null) return !model.embedding;
  if (use === "embeddings") return model.embedding;
  if (model.embedding || !model.good_for.includes(use)) return false;
  return use !== "tools" || model.tool_calling === true;
}

interface PlannedFile extends PlannedChoice {
  model: CatalogueModel;
  file: CatalogueFile;
  planned: CatalogueFilePlan;
}

function planFile(model: CatalogueModel, file: CatalogueFile, options: CataloguePlanOptions): PlannedFile {
  const planned = planCatalogueFile(model, file, options);
  return { model, file, planned, plan: planned.plan, downloadBytes: planned.fileBytes ?? 0 };
}

/**
 * Chooses a file of a model by the rule for downloads, or returns null if nothing fits. A model without a known shape
 * has no plans to compare. Then the choice is the file with the most bits per weight whose estimated memory fits.
 */
function chooseFile(files: readonly PlannedFile[]): PlannedFile | null {
  const best = bestChoice([...files].sort((one, other) => compareChoices(one, other)));
  if (best !== null) return best;
  const bits = ({ file }: PlannedFile) => quantizationBits(file.quantization) ?? 0;
  const useful = files.filter((file) => bits(file) <= MOST_USEFUL_BITS);
  const [most] = (useful.length > 0 ? useful : files)
    .filter(({ planned }) => planned.fits)
    .sort((one, other) => bits(other) - bits(one));
  return most ?? null;
}

/**
 * Returns a function for the speed of a file in tokens per second; null if nothing is known. A file without a forecast
 * counts as fast as the others for its size, since every token reads all weights.
 */
function likelySpeeds(files: readonly PlannedFile[]): (file: PlannedFile) => number | null {
  const forecastOf = ({ plan }: PlannedFile) => plan?.forecast?.decode_at_start.expected ?? null;
  const rates = files
    .flatMap((file) => (forecastOf(file) ?? 0) * file.downloadBytes || [])
    .sort((one, other) => one - other);
  const usual = rates[Math.floor(rates.length / 2)];
  return (file) => forecastOf(file) ?? (usual === undefined ? null : usual / file.downloadBytes);
}

function recommendationOf(catalogue: ModelCatalogue, { model, file, planned }: PlannedFile): Recommendation {
  const { fileBytes, memoryBytes, contextTokens, plan } = planned;
  const computed = fileBytes === null ? null : Number(fileBytes.toPrecision(COMPUTED_SIZE_DIGITS));
  return {
    name: model.name,
    repository: model.repository,
    file: file.file,
    quantization: file.quantization,
    download_bytes: file.bytes ?? file.bytes_rounded ?? computed,
    memory_bytes: memoryBytes ?? 0,
    context_tokens: contextTokens,
    forecast: plan?.forecast ?? null,
    license: model.license,
    good_for: model.good_for,
    stands_on: describeBasis(catalogue, model, file, planned),
    plan,
  };
}
