import type { FitChange, MemoryLedger } from "@nanoagent/models";
import type { TransformerShape } from "../architectures/transformer-shape.js";
import type { GgufHeader } from "../formats/gguf/gguf-header.js";
import { type LoadSettings, MIN_USEFUL_CONTEXT_TOKENS } from "../load-settings.js";
import { formatMb } from "./format-mb.js";
import { cacheCells, storesHeads } from "./kv-cache.js";
import { longestContext } from "./longest-context.js";
import { QUANTIZATION_TYPES, quantizeHeader } from "./quantize-header.js";

/** A plan that does not fit. */
export interface TightFit {
  header: GgufHeader;
  shape: TransformerShape;
  settings: LoadSettings;
  ledger: MemoryLedger;
  budgetBytes: number;
  /** Computes the ledger for other settings or another model. */
  ledgerOf: (settings: LoadSettings, model?: GgufHeader) => MemoryLedger;
}

/** A change with the resulting settings and model. */
export interface PlannedChange extends FitChange {
  settings: LoadSettings;
  /** The type to quantize the model to; null for the unchanged file. */
  weightType: string | null;
}

/** Most changes that a message lists. */
const MAX_CHANGES = 3;
/** A batch of 16 tokens reads a prompt at 0.8 × the full speed. Smaller batches are slow. */
const SMALLER_BATCHES = [32, 16] as const;
/** Costs almost no quality: 1.06 bytes per element instead of 2. */
const SMALLER_KV_TYPE = "q8_0";

/**
 * Returns up to three changes that help a model fit. Changes that are sufficient alone come first, cheapest first: how
 * the file is loaded, then speed, then context length, then quality. If no single change is sufficient, a sufficient
 * combination comes first, followed by the changes that save most.
 */
export function cheapestChanges(fit: TightFit): PlannedChange[] {
  const single = [otherLoading(fit), smallerBatch(fit), smallerKvType(fit), shorterContext(fit), smallerWeights(fit)];
  const alone = single.filter((change) => change !== null);
  const enough = alone.filter(({ fits }) => fits);
  const others = alone.filter(({ fits }) => !fits).sort((one, other) => other.saves_bytes - one.saves_bytes);
  const together = enough.length === 0 ? enoughTogether(fit, alone) : null;
  return [...enough, ...(together === null ? [] : [together]), ...others].slice(0, MAX_CHANGES);
}

function otherLoading(fit: TightFit): PlannedChange | null {
  return change(fit, { mapsFile: !fit.settings.mapsFile });
}

function smallerBatch(fit: TightFit): PlannedChange | null {
  const smaller = SMALLER_BATCHES.filter((batchTokens) => batchTokens < fit.settings.batchTokens);
  return enoughOrLast(smaller.map((batchTokens) => change(fit, { batchTokens })));
}

function smallerKvType(fit: TightFit): PlannedChange | null {
  return storesHeads(fit.shape, SMALLER_KV_TYPE) ? change(fit, { kvType: SMALLER_KV_TYPE }) : null;
}

/** The longest context that fits, or else the shortest useful one; never longer than the trained context. */
function shorterContext(fit: TightFit): PlannedChange | null {
  const { contextTokens } = fit.settings;
  if (contextTokens <= MIN_USEFUL_CONTEXT_TOKENS) return null;
  const least = Math.min(MIN_USEFUL_CONTEXT_TOKENS, fit.shape.trainedTokens);
  return change(fit, { contextTokens: longestThatFits(fit, fit.settings, null, least) });
}

/** The best weight type that fits, or else the smallest, loaded in the way that needs less memory. */
function smallerWeights(fit: TightFit): PlannedChange | null {
  return enoughOrLast(
    QUANTIZATION_TYPES.map((weightType) => {
      const loadings = [true, false].map((mapsFile) => change(fit, { mapsFile }, weightType));
      return mostSaving(loadings);
    }),
  );
}

/**
 * Adds one change after the other, cheapest first, until they suffice together; null if they never do. Lengthens the
 * context again where the other changes leave memory for it.
 */
function enoughTogether(fit: TightFit, changes: readonly PlannedChange[]): PlannedChange | null {
  let weightType: string | null = null;
  let settings = fit.settings;
  for (const next of changes) {
    weightType = next.weightType ?? weightType;
    settings = { ...settings, ...differences(fit.settings, next.settings) };
    const together = change(fit, settings, weightType);
    if (!together?.fits) continue;
    if (settings.contextTokens === fit.settings.contextTokens) return together;
    const contextTokens = longestThatFits(fit, settings, weightType, settings.contextTokens);
    return change(fit, { ...settings, contextTokens }, weightType);
  }
  return null;
}

function longestThatFits(fit: TightFit, settings: LoadSettings, weightType: string | null, least: number): number {
  const model = weightType === null ? fit.header : quantizeHeader(fit.header, weightType);
  const most = Math.min(fit.settings.contextTokens - 1, cacheCells(fit.shape.trainedTokens));
  const longest = longestContext(least, most, (contextTokens) => {
    return fit.ledgerOf({ ...settings, contextTokens }, model).peak_resident_bytes <= fit.budgetBytes;
  });
  return Math.min(longest, fit.shape.trainedTokens);
}

/** Returns the change and the bytes it saves, or null if it saves nothing. */
function change(
  fit: TightFit,
  different: Partial<LoadSettings>,
  weightType: string | null = null,
): PlannedChange | null {
  const settings = { ...fit.settings, ...different };
  const model = weightType === null ? fit.header : quantizeHeader(fit.header, weightType);
  const peakBytes = fit.ledgerOf(settings, model).peak_resident_bytes;
  const saves_bytes = fit.ledger.peak_resident_bytes - peakBytes;
  if (saves_bytes <= 0) return null;
  const description = describe(fit.settings, settings, weightType === null ? null : { weightType, model });
  return { description, saves_bytes, fits: peakBytes <= fit.budgetBytes, settings, weightType };
}

function describe(
  before: LoadSettings,
  after: LoadSettings,
  quantized: { weightType: string; model: GgufHeader } | null,
): string {
  const parts: string[] = [];
  if (quantized !== null) {
    parts.push(`this model in ${quantized.weightType} (about ${formatMb(quantized.model.file_bytes)} MB)`);
  } else if (before.mapsFile !== after.mapsFile) {
    parts.push(after.mapsFile ? "mapping the file instead of reading it" : "reading the file instead of mapping it");
  }
  if (before.batchTokens !== after.batchTokens) parts.push(`batch ${before.batchTokens} → ${after.batchTokens}`);
  if (before.kvType !== after.kvType) parts.push(`KV cache ${before.kvType} → ${after.kvType}`);
  if (before.contextTokens !== after.contextTokens) {
    parts.push(`context ${before.contextTokens} → ${after.contextTokens}`);
  }
  return parts.join(" and ");
}

/** Returns the first change that is sufficient, or else the last one that saves anything. */
function enoughOrLast(changes: readonly (PlannedChange | null)[]): PlannedChange | null {
  const saving = changes.filter((change) => change !== null);
  return saving.find(({ fits }) => fits) ?? saving.at(-1) ?? null;
}

function mostSaving(changes: readonly (PlannedChange | null)[]): PlannedChange | null {
  const saving = changes.filter((change) => change !== null);
  return saving.sort((one, other) => other.saves_bytes - one.saves_bytes)[0] ?? null;
}

function differences(before: LoadSettings, after: LoadSettings): Partial<LoadSettings> {
  const keys = Object.keys(after) as (keyof LoadSettings)[];
  return Object.fromEntries(keys.filter((key) => before[key] !== after[key]).map((key) => [key, after[key]]));
}
