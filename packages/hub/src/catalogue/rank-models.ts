import type { CatalogueFile, CatalogueModel, ModelUse } from "./model-catalogue.js";
import type { CatalogueFilePlan } from "./plan-catalogue-file.js";

/** Slowest speed that people read along with, in tokens per second. */
export const COMFORTABLE_TOKENS_PER_SECOND = 5;

/** Place of a model in a ranking; smaller is better, number by number. */
export type ModelRank = readonly number[];

/**
 * Upper limits of the classes of size, in parameters. Models of one class are compared by published figures; a model of
 * a larger class is better than any of a smaller one.
 */
const SIZE_CLASSES = [0.3e9, 0.7e9, 1.4e9, 2.5e9, 5e9];

/** Published figures by use, the most telling first. Figures of different benchmarks are never compared. */
const TELLING_FIGURES: Readonly<Record<ModelUse, readonly string[]>> = {
  tools: ["home-assistant assist-mini", "BFCL v3", "BFCL v2"],
  chat: ["home-assistant assist-mini", "IFEval", "BFCL v3", "BFCL v2"],
  summaries: ["IFEval", "BFCL v3", "BFCL v2"],
  embeddings: [],
};

/** Bytes per parameter of a file with about four bits, to guess the class of a model without a parameter count. */
const USUAL_BYTES_PER_PARAMETER = 0.6;

/** Returns the rank of a model, for the file that was chosen. */
export function rankOf(
  model: CatalogueModel,
  file: CatalogueFile,
  { plan, parameters }: CatalogueFilePlan,
  use: ModelUse | null,
): ModelRank {
  const size = model.parameters ?? parameters ?? (file.bytes ?? file.bytes_rounded ?? 0) / USUAL_BYTES_PER_PARAMETER;
  const figures = TELLING_FIGURES[use ?? "chat"];
  const published = new Set(model.quality.map(({ figure }) => figure));
  const known = figures.findIndex((name) => published.has(name));
  const value = model.quality.find(({ figure }) => figure === figures[known])?.value ?? 0;
  return [
    speedClass(plan?.forecast?.decode_at_start.expected ?? null, model.embedding),
    -sizeClass(size),
    known < 0 ? figures.length : known,
    -value,
    -size,
  ];
}

/** Compares two ranks, best first. */
export function compareRanks(one: ModelRank, other: ModelRank): number {
  const index = one.findIndex((value, at) => value !== other[at]);
  return index < 0 ? 0 : (one[index] ?? 0) - (other[index] ?? 0);
}

/** 0 for a fast model, 1 for unknown speed, 2 for a slow one. Embedding models write nothing. */
function speedClass(tokensPerSecond: number | null, isEmbedding: boolean): number {
  if (isEmbedding) return 0;
  if (tokensPerSecond === null) return 1;
  return tokensPerSecond >= COMFORTABLE_TOKENS_PER_SECOND ? 0 : 2;
}

function sizeClass(parameters: number): number {
  const index = SIZE_CLASSES.findIndex((limit) => parameters < limit);
  return index < 0 ? SIZE_CLASSES.length : index;
}
