import { nearestName } from "@nanoagent/models";
import { findModels } from "../caches/find-models.js";
import type { FoundModel } from "../caches/found-model.js";
import type { HubEnvironment } from "../environment/hub-environment.js";
import { HubError } from "../hub-error.js";
import { formatModelName } from "../names/format-model-name.js";
import type { ModelName } from "../names/model-name.js";
import { parseModelName } from "../names/parse-model-name.js";
import { isVerified, stampOf, storedModel } from "./list-models.js";
import { localName, matchModels } from "./match-models.js";
import { readStamps } from "./stamps.js";
import type { StoredModel } from "./stored-model.js";
import { type HashProgress, verifyFiles } from "./verify-files.js";

export interface ResolveModelOptions {
  /** Called while a model is hashed before its first use. */
  onHash?: ((progress: HashProgress) => void) | undefined;
  signal?: AbortSignal | undefined;
  /** Called with sentences for people: stamps that cannot be read or written. */
  onNotice?: ((notice: string) => void) | undefined;
}

/**
 * Returns the model on this device that a name stands for. A model that was never hashed, or whose size or time has
 * changed, is hashed first; that reads all its bytes once.
 *
 * Throws a `HubError`: `invalid-model-name`; `model-not-downloaded` (`model-unknown` for one word) if it is not here;
 * `quantization-not-found` if several quantizations are here and the name has none; `download-damaged` if the contents
 * are not those that the store names them by; `store-unusable` if a file cannot be read.
 */
export async function resolveModel(
  name: string,
  environment: HubEnvironment,
  { onHash, signal, onNotice }: ResolveModelOptions = {},
): Promise<StoredModel> {
  const [model, { stamps, notices }] = await Promise.all([findModel(name, environment), readStamps(environment)]);
  for (const notice of notices) onNotice?.(notice);
  const stamp = stampOf(model, stamps);
  if (isVerified(model, stamp)) return storedModel(model, stamp);
  const verified = await verifyFiles(model, stamp, environment, { onHash, signal, onNotice });
  return storedModel(model, verified.stamp);
}

/** Returns the one model that a name stands for, without reading its contents. Throws like {@link resolveModel}. */
export async function findModel(text: string, environment: HubEnvironment): Promise<FoundModel> {
  const name = parseModelName(text, environment);
  const { models } = await findModels(environment);
  const [model, ...others] = matchModels(models, name);
  if (model === undefined) throw missing(name, models);
  if (others.length === 0) return model;
  const names = [model, ...others].map(({ name }) => name);
  throw new HubError({
    code: "quantization-not-found",
    message: `${formatModelName(name)} stands for ${names.length} models on this device.`,
    reason: "The name does not say which quantization.",
    hint: `Use one of these names: ${names.join(", ")}.`,
  });
}

function missing(name: ModelName, models: readonly FoundModel[]): HubError {
  const wanted = localName(name);
  const names = models.map(({ name }) => name);
  const siblings =
    name.source === "hub"
      ? models.filter(({ repository }) => repository?.toLowerCase() === name.repository.toLowerCase())
      : [];
  const near = siblings.length > 0 ? siblings.map(({ name }) => name) : [nearestName(wanted, names)];
  const shown = near.filter((near) => near !== null).slice(0, 8);
  const similar = shown.length === 0 ? "" : ` On this device: ${shown.join(", ")}.`;
  if (name.source === "word") {
    return new HubError({
      code: "model-unknown",
      message: `No model on this device is named ${wanted}.`,
      hint: `List all names with nanoagent models list.${similar}`,
    });
  }
  return new HubError({
    code: "model-not-downloaded",
    message: `${formatModelName(name)} is not on this device.`,
    reason: `Neither nanoagent's folder nor the caches of Hugging Face, Ollama and LM Studio contain it.${similar}`,
    hint: `Download it with: nanoagent models pull ${formatModelName(name)}`,
  });
}
