import { ENOUGH_CONTEXT_TOKENS } from "@nanoagent/optimizer";
import type { CatalogueModel, ModelUse } from "./model-catalogue.js";
import type { CatalogueFilePlan } from "./plan-catalogue-file.js";

/** Slowest speed that people read along with, in tokens per second. */
const COMFORTABLE_TOKENS_PER_SECOND = 5;

/** Place of a model in a ranking; smaller is better, number by number. */
export type ModelRank = readonly number[];

/** The file that was chosen for a model, and the purpose to rank for. */
export interface RankFacts {
  planned: Pick<CatalogueFilePlan, "parameters" | "contextTokens">;
  /** Size of the file; 0 if unknown. */
  downloadBytes: number;
  /** Forecast or likely speed; null if unknown. */
  tokensPerSecond: number | null;
  use: ModelUse | null;
}

/**
 * Upper limits of the classes of size, in parameters. Models of one class are compared by published figures; a model of
 * a larger class is better than any of a smaller one.
 */
const SIZE_CLASSES = [0.3e9, 0.5e9, 0.8e9, 1.4e9, 2.5e9, 5e9];

/** Published figures by use, the most telling first. Figures of different benchmarks are never compared. */
const TELLING_FIGURES: Readonly<Record<ModelUse, readonly string[]>> = {
  tools: ["home-assistant assist-mini", "BFCL v3", "BFCL v4", "BFCL v2"],
  chat: ["home-assistant assist-mini", "IFEval", "BFCL v3", "BFCL v4"],
  summaries: ["IFEval", "home-assistant assist-mini", "BFCL v3", "BFCL v4"],
  embeddings: [],
};

/**
 * Published figures in percent below which a model ranks with the class below its own: good models of that class reach
 * them. Qwen3 0.6B has 44 in BFCL v3, twice as much as Llama 3.2 1B.
 */
const WEAK_BELOW: Readonly<Record<ModelUse, Readonly<Record<string, number>>>> = {
  tools: { "BFCL v3": 40 },
  chat: {},
  summaries: {},
  embeddings: {},
};

/** Bytes per parameter of a file with about four bits, to guess the class of a model without a parameter count. */
const USUAL_BYTES_PER_PARAMETER = 0.6;

/** Returns the rank of a model, for the file that was chosen. */
export function rankOf(model: CatalogueModel, { planned, downloadBytes, tokensPerSecond, use }: RankFacts): ModelRank {
  const size = model.parameters ?? planned.parameters ?? downloadBytes / USUAL_BYTES_PER_PARAMETER;
  const purpose = use ?? "chat";
  const figures = TELLING_FIGURES[purpose];
  const figureOf = (name: string | undefined) => model.quality.find(({ figure }) => figure === name)?.value;
  const known = figures.findIndex((name) => figureOf(name) !== undefined);
  const isWeak = Object.entries(WEAK_BELOW[purpose]).some(([name, limit]) => (figureOf(name) ?? limit) < limit);
  return [
    model.embedding ? 0 : speedClass(tokensPerSecond),
    model.embedding ? 0 : contextClass(planned.contextTokens, model.trained_context_tokens),
    Number(isWeak) - sizeClass(size),
    known < 0 ? figures.length : known,
    -(figureOf(figures[known]) ?? 0),
    -size,
  ];
}

/** Compares two ranks, best first. */
export function compareRanks(one: ModelRank, other: ModelRank): number {
  const index = one.findIndex((value, at) => value !== other[at]);
  return index < 0 ? 0 : (one[index] ?? 0) - (other[index] ?? 0);
}

/** 0 for a comfortable speed or a faster one, 1 down to half of it or if unknown, 2 down to a quarter, and so on. */
function speedClass(tokensPerSecond: number | null): number {
  if (tokensPerSecond === null) return 1;
  return Math.max(0, Math.ceil(Math.log2(COMFORTABLE_TOKENS_PER_SECOND / tokensPerSecond)));
}

/** 0 for enough context, or all that the model was trained for; 1 down to half of it, 2 down to a quarter, and so on. */
function contextClass(contextTokens: number | null, trainedTokens: number | null): number {
  const enough = Math.min(ENOUGH_CONTEXT_TOKENS, trainedTokens ?? ENOUGH_CONTEXT_TOKENS);
  return Math.max(0, Math.ceil(Math.log2(enough / (contextTokens ?? enough))));
}

function sizeClass(parameters: number): number {
  const index = SIZE_CLASSES.findIndex((limit) => parameters < limit);
  return index < 0 ? SIZE_CLASSES.length : index;
}
