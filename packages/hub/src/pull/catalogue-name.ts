import { currentCatalogue } from "../catalogue/current-catalogue.js";
import { findCatalogueModel } from "../catalogue/find-entry.js";
import type { HubEnvironment } from "../environment/hub-environment.js";
import type { ModelName } from "../names/model-name.js";
import { isQuantization } from "../names/name-rules.js";
import { parseModelName } from "../names/parse-model-name.js";
import { normalizeQuantization, quantizationLabel } from "../names/quantization-label.js";

/**
 * Returns the repository that a word of the catalogue with a quantization stands for: `qwen3-0.6b:Q4_K_M`. Null for any
 * other text; words alone are not looked up.
 */
export async function labeledCatalogueName(text: string, environment: HubEnvironment): Promise<ModelName | null> {
  const [, word, label] = /^(?:hub:)?([\w.-]{1,96}):([\w-]{1,32})$/.exec(text) ?? [];
  if (word === undefined || label === undefined || !isQuantization(label) || quantizationLabel(label) === null) {
    return null;
  }
  const { catalogue } = await currentCatalogue(environment);
  const model = findCatalogueModel(catalogue, word);
  const name = model === null ? null : parseModelName(model.repository, environment);
  return name?.source === "hub" ? { ...name, quantization: normalizeQuantization(label) } : null;
}
