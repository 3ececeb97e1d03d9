import type { FitPlan, FitRequest, MemoryLedger } from "@nanoagent/models";
import { transformerShape } from "../architectures/transformer-shape.js";
import type { GgufHeader } from "../formats/gguf/gguf-header.js";
import { summarizeGguf } from "../formats/gguf/summarize-gguf.js";
import { DEFAULT_BATCH_TOKENS, ENOUGH_CONTEXT_TOKENS, type LoadSettings } from "../load-settings.js";
import { threadsByTrial } from "../speed/choose-threads.js";
import { assumedCpuFeatures } from "./assumed-cpu-features.js";
import { cheapestChanges } from "./cheapest-changes.js";
import { DoesNotFitError } from "./does-not-fit-error.js";
import { InvalidFitRequestError } from "./invalid-fit-request-error.js";
import { CACHE_CELL_MULTIPLE, cacheCells, storesHeads } from "./kv-cache.js";
import { longestContext } from "./longest-context.js";
import { memoryLedger } from "./memory-ledger.js";

const DEFAULT_KV_TYPE = "f16";
/** Types of keys and values whose cost was compared with the engine's own figures. */
const KV_TYPES = ["f16", "bf16", "q8_0", "q4_0"] as const;
/** No model was trained for a tenth of it; above it products of sizes would no longer be exact. */
const MAX_TOKENS = 2 ** 27;

/**
 * How to load the model that a header describes so that it fits the request's budget. Throws {@link DoesNotFitError}
 * where there is no way, {@link InvalidModelFileError} for a header that nothing can be computed from, and
 * {@link InvalidFitRequestError} for a request that is none.
 */
export function planHeader(header: GgufHeader, request: Omit<FitRequest, "model_path">): FitPlan {
  const isOpen =
    request.context_tokens === "auto" && request.kv_type === undefined && request.batch_tokens === undefined;
  const result = isOpen ? fitLoadings(header, request) : fitHeader(header, request);
  if ("refuse" in result) throw result.refuse();
  return result;
}

/** How keys and values are kept, and how many tokens are read at once: what costs least first. */
const LOADINGS = [
  { kv_type: "f16", batch_tokens: DEFAULT_BATCH_TOKENS },
  { kv_type: "q8_0", batch_tokens: DEFAULT_BATCH_TOKENS },
  { kv_type: "q8_0", batch_tokens: 16 },
  { kv_type: "f16", batch_tokens: 16 },
] as const;

/**
 * The first way of loading a model that has `enoughTokens` of context, else the one with the longest. What costs quality
 * or speed is taken for as many tokens as are enough, and not for more.
 */
export function fitLoadings(
  header: GgufHeader,
  request: Omit<FitRequest, "model_path" | "kv_type" | "batch_tokens">,
  enoughTokens: number = ENOUGH_CONTEXT_TOKENS,
): FitPlan | Misfit {
  const shape = transformerShape(header);
  const enough = Math.min(enoughTokens, shape.trainedTokens);
  const [first, ...others] = LOADINGS;
  let best = fitHeader(header, { ...request, ...first });
  for (const loading of others) {
    if (contextOf(best) >= enough) break;
    if (!storesHeads(shape, loading.kv_type)) continue;
    const result = fitHeader(header, { ...request, ...loading });
    if (contextOf(result) <= contextOf(best)) continue;
    best = contextOf(result) > enough ? fitHeader(header, { ...request, ...loading, context_tokens: enough }) : result;
  }
  return best;
}

function contextOf(result: FitPlan | Misfit): number {
  return "refuse" in result ? 0 : result.context_tokens;
}

/** Why a model does not fit; what would help takes time to find out. */
export interface Misfit {
  excessBytes: number;
  refuse: () => DoesNotFitError;
}

/** The same as {@link planHeader} for those who try many: what does not fit is told and not thrown. */
export function fitHeader(header: GgufHeader, request: Omit<FitRequest, "model_path">): FitPlan | Misfit {
  requireSound(request);
  const shape = transformerShape(header);
  const kvType = request.kv_type ?? DEFAULT_KV_TYPE;
  if (!storesHeads(shape, kvType)) {
    const expected = "a type whose blocks fill this model's heads, such as f16";
    throw new InvalidFitRequestError("kv_type", kvType, expected);
  }
  const { prefillThreads, decodeThreads } = threadsByTrial(request.thread_trials ?? [], request.device.cpu_cores);
  const cpuFeatures = request.cpu_features ?? assumedCpuFeatures(request.device.platform);
  const ledgerOf = (settings: LoadSettings, model = header): MemoryLedger =>
    memoryLedger({
      ...settings,
      header: model,
      cpuFeatures,
      constrainsOutput: request.constrains_output,
      threads: Math.max(prefillThreads, decodeThreads),
    });
  const fits = (settings: LoadSettings) => ledgerOf(settings).peak_resident_bytes <= request.budget_bytes;

  const least: LoadSettings = {
    contextTokens: CACHE_CELL_MULTIPLE,
    batchTokens: request.batch_tokens ?? DEFAULT_BATCH_TOKENS,
    kvType,
    mapsFile: true,
  };
  least.mapsFile = request.maps_file ?? takesLessMapped(least, ledgerOf);
  const longest = () =>
    longestContext(CACHE_CELL_MULTIPLE, cacheCells(shape.trainedTokens), (contextTokens) =>
      fits({ ...least, contextTokens }),
    );
  const contextTokens =
    request.context_tokens === "auto" ? Math.min(longest(), shape.trainedTokens) : request.context_tokens;
  const settings = { ...least, contextTokens };
  const ledger = ledgerOf(settings);
  if (ledger.peak_resident_bytes > request.budget_bytes) {
    const tight = { header, shape, settings, ledger, budgetBytes: request.budget_bytes, ledgerOf };
    return {
      excessBytes: ledger.peak_resident_bytes - request.budget_bytes,
      refuse: () =>
        new DoesNotFitError({
          path: header.path,
          contextTokens,
          budgetBytes: request.budget_bytes,
          deviceMemoryMb: request.device.memory_mb,
          ledger,
          changes: cheapestChanges(tight).map(({ description, saves_bytes, fits }) => ({
            description,
            saves_bytes,
            fits,
          })),
        }),
    };
  }
  return {
    model_path: header.path,
    model: summarizeGguf(header),
    quantize_to: null,
    context_tokens: contextTokens,
    kv_type: kvType,
    batch_tokens: Math.min(settings.batchTokens, contextTokens),
    prefill_threads: prefillThreads,
    decode_threads: decodeThreads,
    maps_file: settings.mapsFile,
    ledger,
    forecast: null,
    quality: null,
  };
}

/** Whether mapping the file takes no more memory than reading it. Then it is mapped: the system can take pages back. */
function takesLessMapped(settings: LoadSettings, ledgerOf: (settings: LoadSettings) => MemoryLedger): boolean {
  const mapped = ledgerOf({ ...settings, mapsFile: true }).peak_resident_bytes;
  const read = ledgerOf({ ...settings, mapsFile: false }).peak_resident_bytes;
  return mapped <= read + MAPPING_TOLERANCE_BYTES;
}

/** A mapping begins and ends with whole pages, and has the gaps between tensors in it. */
const MAPPING_TOLERANCE_BYTES = 2 ** 16;

function requireSound(request: Omit<FitRequest, "model_path">): void {
  const { budget_bytes, context_tokens, batch_tokens, kv_type } = request;
  if (typeof budget_bytes !== "number" || Number.isNaN(budget_bytes)) {
    throw new InvalidFitRequestError("budget_bytes", budget_bytes, "a number of bytes");
  }
  const requireTokens = (field: string, value: unknown, other = "") => {
    if (Number.isSafeInteger(value) && Number(value) >= 1 && Number(value) <= MAX_TOKENS) return;
    throw new InvalidFitRequestError(field, value, `a whole number from 1 to ${MAX_TOKENS}${other}`);
  };
  if (context_tokens !== "auto") requireTokens("context_tokens", context_tokens, ', or "auto"');
  if (batch_tokens !== undefined) requireTokens("batch_tokens", batch_tokens);
  if (kv_type !== undefined && !(KV_TYPES as readonly string[]).includes(kv_type)) {
    throw new InvalidFitRequestError("kv_type", kv_type, `one of ${KV_TYPES.join(", ")}`);
  }
}
