import { BYTES_PER_MB, type FitPlan, type FitRequest, type MemoryLedger } from "@nanoagent/models";
import { transformerShape } from "../architectures/transformer-shape.js";
import type { GgufHeader } from "../formats/gguf/gguf-header.js";
import { summarizeGguf } from "../formats/gguf/summarize-gguf.js";
import {
  CACHE_CELL_MULTIPLE,
  DEFAULT_BATCH_TOKENS,
  ENOUGH_CONTEXT_TOKENS,
  type LoadSettings,
} from "../load-settings.js";
import { threadPrior } from "../speed/choose-threads.js";
import { assumedCpuFeatures } from "./assumed-cpu-features.js";
import { cheapestChanges } from "./cheapest-changes.js";
import { DoesNotFitError } from "./does-not-fit-error.js";
import { InvalidFitRequestError } from "./invalid-fit-request-error.js";
import { cacheCells, storesHeads } from "./kv-cache.js";
import { longestContext } from "./longest-context.js";
import { memoryLedger } from "./memory-ledger.js";

const DEFAULT_KV_TYPE = "f16";
/** KV cache types whose memory use was compared with the engine's own figures. */
const KV_TYPES = ["f16", "bf16", "q8_0", "q4_0"] as const;
/** Ten times the longest trained context of any model. Above this, products of sizes would no longer be exact. */
const MAX_TOKENS = 2 ** 27;
/** Tolerance for page boundaries of a mapping and for the gaps between tensors. */
const MAPPING_TOLERANCE_BYTES = 2 ** 16;
/**
 * A file is mapped if that fits and needs at most this factor of the memory for reading it: it opens a third faster.
 */
const MAPPING_WORTH = 1.1;

/** A request for one header, with the use of grammars already decided. */
export type HeaderRequest = Omit<FitRequest, "model_path" | "constrains_output"> & { constrains_output: boolean };

/** A model that does not fit. */
export interface Misfit {
  excessBytes: number;
  /** Whether a larger budget would help: the device has enough memory, and enough of it is free. */
  canBeAllowed: boolean;
  /** Creates the error. Searches for changes that would help, which takes time. */
  refuse: () => DoesNotFitError;
}

/** Plans one loading: with the batch size and KV type of the request, or their defaults. */
export function fitHeader(header: GgufHeader, request: HeaderRequest): FitPlan | Misfit {
  requireSound(request);
  const shape = transformerShape(header);
  const kvType = request.kv_type ?? DEFAULT_KV_TYPE;
  if (!storesHeads(shape, kvType)) {
    const expected = "a type whose block size divides the head length of this model, such as f16";
    throw new InvalidFitRequestError("kv_type", kvType, expected);
  }
  const { prefillThreads, decodeThreads } = threadPrior(request.device.cpu_cores);
  const cpuFeatures = request.cpu_features ?? assumedCpuFeatures(request.device.platform);
  const ledgerOf = (settings: LoadSettings, model = header): MemoryLedger =>
    memoryLedger({
      ...settings,
      header: model,
      cpuFeatures,
      constrainsOutput: request.constrains_output,
      choosingTokens: request.choosing_tokens,
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
  const longest = Math.min(
    shape.trainedTokens,
    longestContext(CACHE_CELL_MULTIPLE, cacheCells(shape.trainedTokens), (contextTokens) =>
      fits({ ...least, contextTokens }),
    ),
  );
  const { context_tokens, wanted_context_tokens = ENOUGH_CONTEXT_TOKENS } = request;
  const contextTokens = context_tokens === "auto" ? Math.min(longest, wanted_context_tokens) : context_tokens;
  const settings = { ...least, contextTokens };
  settings.mapsFile ||= request.maps_file === undefined && isWorthMapping(settings, ledgerOf, request.budget_bytes);
  const ledger = ledgerOf(settings);
  if (ledger.peak_resident_bytes > request.budget_bytes) {
    const tight = { header, shape, settings, ledger, budgetBytes: request.budget_bytes, ledgerOf };
    const { program_bytes = 0, expected_bytes = 0, spare_bytes = Number.POSITIVE_INFINITY, device } = request;
    const neededMb = Math.ceil((ledger.peak_resident_bytes + program_bytes + expected_bytes) / BYTES_PER_MB);
    return {
      canBeAllowed: neededMb <= device.memory_mb && ledger.peak_resident_bytes + expected_bytes <= spare_bytes,
      excessBytes: ledger.peak_resident_bytes - request.budget_bytes,
      refuse: () =>
        new DoesNotFitError({
          path: header.path,
          contextTokens,
          budgetBytes: request.budget_bytes,
          programBytes: program_bytes,
          expectedBytes: expected_bytes,
          expectedFor: request.expected_for,
          spareBytes: request.spare_bytes,
          spareSource: request.spare_source,
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
    longest_context_tokens: Math.max(longest, contextTokens),
    kv_type: kvType,
    batch_tokens: Math.min(settings.batchTokens, contextTokens),
    prefill_threads: prefillThreads,
    decode_threads: decodeThreads,
    maps_file: settings.mapsFile,
    constrains_output: request.constrains_output,
    choosing_tokens: request.choosing_tokens ?? 0,
    ledger,
    forecast: null,
    quality: null,
  };
}

/** Whether mapping the file needs no more memory than reading it. Mapping is better: the system can drop its pages. */
function takesLessMapped(settings: LoadSettings, ledgerOf: (settings: LoadSettings) => MemoryLedger): boolean {
  const mapped = ledgerOf({ ...settings, mapsFile: true }).peak_resident_bytes;
  const read = ledgerOf({ ...settings, mapsFile: false }).peak_resident_bytes;
  return mapped <= read + MAPPING_TOLERANCE_BYTES;
}

function isWorthMapping(
  settings: LoadSettings,
  ledgerOf: (settings: LoadSettings) => MemoryLedger,
  budgetBytes: number,
): boolean {
  const mapped = ledgerOf({ ...settings, mapsFile: true }).peak_resident_bytes;
  return mapped <= Math.min(budgetBytes, ledgerOf(settings).peak_resident_bytes * MAPPING_WORTH);
}

function requireSound(request: HeaderRequest): void {
  const { budget_bytes, context_tokens, wanted_context_tokens, batch_tokens, kv_type } = request;
  if (typeof budget_bytes !== "number" || Number.isNaN(budget_bytes)) {
    throw new InvalidFitRequestError("budget_bytes", budget_bytes, "a number of bytes");
  }
  const requireTokens = (field: string, value: unknown, other = "") => {
    if (Number.isSafeInteger(value) && Number(value) >= 1 && Number(value) <= MAX_TOKENS) return;
    throw new InvalidFitRequestError(field, value, `an integer from 1 to ${MAX_TOKENS}${other}`);
  };
  if (context_tokens !== "auto") requireTokens("context_tokens", context_tokens, ', or "auto"');
  if (wanted_context_tokens !== undefined) requireTokens("wanted_context_tokens", wanted_context_tokens);
  if (batch_tokens !== undefined) requireTokens("batch_tokens", batch_tokens);
  if (kv_type !== undefined && !(KV_TYPES as readonly string[]).includes(kv_type)) {
    throw new InvalidFitRequestError("kv_type", kv_type, `one of ${KV_TYPES.join(", ")}`);
  }
}
