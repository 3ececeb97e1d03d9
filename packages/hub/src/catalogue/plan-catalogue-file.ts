import type { DeviceMeasurement, FitPlan } from "@nanoagent/models";
import {
  DoesNotFitError,
  ENOUGH_CONTEXT_TOKENS,
  type GgufHeader,
  memoryLedger,
  type PlanFacts,
  planFit,
} from "@nanoagent/optimizer";
import { estimateMemory } from "./estimate-memory.js";
import type { CatalogueFile, CatalogueModel } from "./model-catalogue.js";
import { shapeHeader } from "./shape-header.js";

/** Device that a file is planned for. */
export interface CataloguePlanOptions {
  facts: PlanFacts;
  measurement: DeviceMeasurement | null;
}

/** Memory, context and speed of a file of the catalogue on a device, before anything is downloaded. */
export interface CatalogueFilePlan {
  /** Null without a shape: then nothing but the memory is known. */
  plan: FitPlan | null;
  /** Null if neither shape nor size are known. */
  memoryBytes: number | null;
  contextTokens: number | null;
  fits: boolean;
  /** Size of the file: as stated, or else that of the shape. Null if neither is known. */
  fileBytes: number | null;
  /** Number of parameters of the shape that each token is computed with; null without a shape. */
  parameters: number | null;
  /** Basis of the memory: `shape`, `size` of the file alone, or `none`. */
  basis: "shape" | "size" | "none";
}

/** Embeddings of single layers (Gemma 4), of which a token needs one row. */
const LOOKED_UP = "per_layer_token_embd.weight";

/** Plans a file of the catalogue: from the shape of its model, or else from its size. */
export function planCatalogueFile(
  model: CatalogueModel,
  file: CatalogueFile,
  { facts, measurement }: CataloguePlanOptions,
): CatalogueFilePlan {
  const header = model.embedding ? null : shapeHeader(model, file);
  if (header === null) return estimated(model, file, facts);
  const parameters = header.tensors.reduce((sum, { name, weights }) => sum + (name === LOOKED_UP ? 0 : weights), 0);
  const known = { fileBytes: header.file_bytes, parameters, basis: "shape" } as const;
  const least = leastMemory(header, facts);
  const misfit = { ...known, plan: null, contextTokens: null, fits: false };
  if (least > facts.budgetBytes) return { ...misfit, memoryBytes: least };
  try {
    const [plan] = planFit({ ...facts, models: [header], measurement, goal: { mayQuantize: false } });
    if (plan === undefined) return estimated(model, file, facts);
    const { context_tokens: contextTokens, ledger } = plan;
    return { ...known, plan, memoryBytes: ledger.peak_resident_bytes, contextTokens, fits: true };
  } catch (error) {
    if (!DoesNotFitError.isInstance(error)) throw error;
    return { ...misfit, memoryBytes: (error as DoesNotFitError).ledger.peak_resident_bytes };
  }
}

/** The settings that need least memory. Planning would also search for changes that help, which takes much longer. */
const LEAST_SETTINGS = { contextTokens: 256, batchTokens: 16, kvType: "q8_0" };

/** Returns a lower limit of the memory that a model needs. 0: the CPU is not known, so the limit is neither. */
function leastMemory(header: GgufHeader, { cpuFeatures }: PlanFacts): number {
  if (cpuFeatures === null) return 0;
  const peaks = [true, false].map(
    (mapsFile) => memoryLedger({ ...LEAST_SETTINGS, header, cpuFeatures, mapsFile }).peak_resident_bytes,
  );
  return Math.min(...peaks);
}

function estimated(model: CatalogueModel, file: CatalogueFile, facts: PlanFacts): CatalogueFilePlan {
  const bytes = file.bytes ?? file.bytes_rounded;
  const none = { plan: null, fileBytes: bytes, parameters: null };
  if (bytes === null) return { ...none, memoryBytes: null, contextTokens: null, fits: false, basis: "none" };
  const memoryBytes = estimateMemory(bytes, model.embedding);
  const contextTokens = Math.min(model.trained_context_tokens ?? ENOUGH_CONTEXT_TOKENS, ENOUGH_CONTEXT_TOKENS);
  return { ...none, memoryBytes, contextTokens, fits: memoryBytes <= facts.budgetBytes, basis: "size" };
}
