import type { FitPlan, SpeedForecast } from "@nanoagent/models";
import { ENOUGH_CONTEXT_TOKENS } from "@nanoagent/optimizer";
import { describeBasis } from "./describe-basis.js";
import type { CatalogueFile, CatalogueModel, ModelCatalogue, ModelUse } from "./model-catalogue.js";
import { type CatalogueFilePlan, type CataloguePlanOptions, planCatalogueFile } from "./plan-catalogue-file.js";
import { quantizationBits } from "./quantization-mix.js";
import { COMFORTABLE_TOKENS_PER_SECOND, compareRanks, type ModelRank, rankOf } from "./rank-models.js";

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
  /** `use`: not known to be good for it. `memory`: too large. `unknown-size`: neither size nor shape are known. */
  cause: "use" | "memory" | "unknown-size";
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

/** Files above this many bits per weight are left out if the model has smaller ones: they need twice the memory. */
const MOST_USEFUL_BITS = 9;

/**
 * Ranks the models of a catalogue that fit a device. Models that write at least 5 tokens per second come first; among
 * them the larger ones, by classes of size, and within a class those with the better published figures. Of each model,
 * the file with the most bits per weight is taken that is fast enough and leaves enough context.
 *
 * Nothing is read or downloaded. Planning 50 models takes about a third of a second.
 */
export function recommendModels(catalogue: ModelCatalogue, options: RecommendOptions): Recommendations {
  const ranked: { recommendation: Recommendation; rank: ModelRank }[] = [];
  const leftOut: LeftOutModel[] = [];
  for (const model of catalogue.models) {
    const { name, repository } = model;
    if (!isFor(model, options.for)) {
      leftOut.push({ name, repository, cause: "use", memory_bytes: null });
      continue;
    }
    const planned = usefulFiles(model).map((file) => ({ file, plan: planCatalogueFile(model, file, options) }));
    const [best] = planned.filter(({ plan }) => plan.fits).sort(compareFiles);
    if (best === undefined) {
      const needs = planned.flatMap(({ plan }) => plan.memoryBytes ?? []);
      const memory_bytes = needs.length === 0 ? null : Math.min(...needs);
      leftOut.push({ name, repository, cause: memory_bytes === null ? "unknown-size" : "memory", memory_bytes });
      continue;
    }
    const { file, plan } = best;
    ranked.push({
      recommendation: recommendationOf(catalogue, model, file, plan),
      rank: rankOf(model, file, plan, options.for),
    });
  }
  ranked.sort((one, other) => compareRanks(one.rank, other.rank));
  return { models: ranked.map(({ recommendation }) => recommendation), left_out: leftOut };
}

function isFor(model: CatalogueModel, use: ModelUse | null): boolean {
  if (use === null) return !model.embedding;
  if (use === "embeddings") return model.embedding;
  if (model.embedding || !model.good_for.includes(use)) return false;
  return use !== "tools" || model.tool_calling === true;
}

function usefulFiles({ files }: CatalogueModel): readonly CatalogueFile[] {
  const useful = files.filter(({ quantization }) => (quantizationBits(quantization) ?? 0) <= MOST_USEFUL_BITS);
  return useful.length > 0 ? useful : files;
}

interface PlannedFile {
  file: CatalogueFile;
  plan: CatalogueFilePlan;
}

/** Orders the files of one model that fit: fast ones, then those with enough context, then those with more bits. */
function compareFiles(one: PlannedFile, other: PlannedFile): number {
  const isSlow = ({ plan }: PlannedFile) => Number(!isFast(plan));
  const isShort = ({ plan }: PlannedFile) => Number((plan.contextTokens ?? 0) < ENOUGH_CONTEXT_TOKENS);
  const bits = ({ file }: PlannedFile) => quantizationBits(file.quantization) ?? 0;
  return isSlow(one) - isSlow(other) || isShort(one) - isShort(other) || bits(other) - bits(one);
}

function isFast({ plan }: CatalogueFilePlan): boolean {
  return (plan?.forecast?.decode_at_start.expected ?? 0) >= COMFORTABLE_TOKENS_PER_SECOND;
}

function recommendationOf(
  catalogue: ModelCatalogue,
  model: CatalogueModel,
  file: CatalogueFile,
  planned: CatalogueFilePlan,
): Recommendation {
  return {
    name: model.name,
    repository: model.repository,
    file: file.file,
    quantization: file.quantization,
    download_bytes: file.bytes ?? file.bytes_rounded,
    memory_bytes: planned.memoryBytes ?? 0,
    context_tokens: planned.contextTokens,
    forecast: planned.plan?.forecast ?? null,
    license: model.license,
    good_for: model.good_for,
    stands_on: describeBasis(catalogue, model, file, planned),
    plan: planned.plan,
  };
}
