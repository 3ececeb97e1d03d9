import { type FitPlan, type FitRequest, LEAST_HELPED_PARAMETERS, TRUSTED_PARAMETERS } from "@nanoagent/models";
import { transformerShape } from "../architectures/transformer-shape.js";
import type { GgufHeader } from "../formats/gguf/gguf-header.js";
import { DEFAULT_BATCH_TOKENS, ENOUGH_CONTEXT_TOKENS } from "../load-settings.js";
import { fitHeader, type HeaderRequest, type Misfit } from "./fit-header.js";
import { recurrences, storesHeads } from "./kv-cache.js";
import { planDrafts } from "./plan-drafts.js";

/**
 * Plans how to load a model within the budget of the request, from its header. Throws {@link DoesNotFitError} if
 * nothing fits, {@link InvalidModelFileError} for a header from which nothing can be computed, and {@link
 * InvalidFitRequestError} for a request with an invalid value.
 */
export function planHeader(header: GgufHeader, request: Omit<FitRequest, "model_path">): FitPlan {
  const result = planOrMisfit(header, request);
  if ("refuse" in result) throw result.refuse();
  return result;
}

/**
 * Does the same as {@link planHeader}, but returns a misfit instead of throwing, for callers that try many models.
 * `enoughTokens` is the context length up to which speed and quality are given up for more context. Default: 4,096, or
 * the requested context.
 */
export function planOrMisfit(
  header: GgufHeader,
  request: Omit<FitRequest, "model_path">,
  enoughTokens?: number,
): FitPlan | Misfit {
  const { constrains_output = false } = request;
  const choosing_tokens = isHelped(header) ? (request.choosing_tokens ?? 0) : 0;
  const plan = (constrains: boolean, choosingTokens: number) => {
    const abilities = { constrains_output: constrains, choosing_tokens: choosingTokens };
    return fitLoadings(header, { ...request, ...abilities }, enoughTokens);
  };
  // Schemas and tool selection are optional: an agent may never need a schema, and a model can choose tools by itself.
  // The model may fit without the memory for them.
  const abilities: [boolean, number][] = [
    ...(constrains_output !== false && choosing_tokens > 0 ? ([[true, choosing_tokens]] as [boolean, number][]) : []),
    ...(constrains_output !== false ? ([[true, 0]] as [boolean, number][]) : []),
    ...(constrains_output !== true ? ([[false, 0]] as [boolean, number][]) : []),
  ];
  const withDrafts = (result: FitPlan): FitPlan => {
    const { layers, vocabularySize } = transformerShape(header);
    // Drafts that turn out wrong must be removed again, and a recurrent state cannot be rolled back.
    return recurrences(layers).length > 0 ? result : planDrafts(result, request.budget_bytes, vocabularySize);
  };
  let result: FitPlan | Misfit | null = null;
  for (const [constrains, choosingTokens] of abilities) {
    result = plan(constrains, choosingTokens);
    if (!("refuse" in result)) return withDrafts(result);
  }
  return result ?? plan(false, 0);
}

/** Whether tools are selected for a model by scores: small models, except those made only for tool calls. */
function isHelped({ tensors }: GgufHeader): boolean {
  const parameters = tensors.reduce((sum, { weights }) => sum + weights, 0);
  return parameters >= LEAST_HELPED_PARAMETERS && parameters < TRUSTED_PARAMETERS;
}

/** KV types and batch sizes to try, cheapest in quality and speed first. */
const LOADINGS = [
  { kv_type: "f16", batch_tokens: DEFAULT_BATCH_TOKENS },
  { kv_type: "q8_0", batch_tokens: DEFAULT_BATCH_TOKENS },
  { kv_type: "q8_0", batch_tokens: 16 },
  { kv_type: "f16", batch_tokens: 16 },
] as const;

/**
 * Returns the first loading with enough context, or else the one with the longest context. Speed and quality are given
 * up for a longer context only up to `enoughTokens`; the first loading, which costs neither, can have more if
 * requested.
 */
function fitLoadings(header: GgufHeader, given: HeaderRequest, enoughTokens?: number): FitPlan | Misfit {
  if (given.kv_type !== undefined || given.batch_tokens !== undefined) return fitHeader(header, given);
  const { context_tokens, wanted_context_tokens = ENOUGH_CONTEXT_TOKENS } = given;
  const [first, ...others] = LOADINGS;
  const shape = transformerShape(header);
  const wanted = Math.min(Math.max(wanted_context_tokens, enoughTokens ?? 0), shape.trainedTokens);
  const needed = enoughTokens ?? (context_tokens === "auto" ? Math.min(wanted, ENOUGH_CONTEXT_TOKENS) : context_tokens);
  const enough = Math.min(needed, shape.trainedTokens);
  const request = { ...given, wanted_context_tokens: wanted };
  let best = fitHeader(header, { ...request, ...first });
  for (const loading of others) {
    if (contextOf(best) >= enough) break;
    if (!storesHeads(shape, loading.kv_type)) continue;
    const result = fitHeader(header, { ...request, ...loading });
    // If nothing fits, report a loading that a larger budget would allow.
    if ("refuse" in best && "refuse" in result && !best.canBeAllowed && result.canBeAllowed) best = result;
    if (contextOf(result) > contextOf(best)) best = result;
  }
  return best;
}

function contextOf(result: FitPlan | Misfit): number {
  return "refuse" in result ? 0 : result.context_tokens;
}
