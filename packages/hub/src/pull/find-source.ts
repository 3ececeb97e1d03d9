import { findModels } from "../caches/find-models.js";
import { currentCatalogue } from "../catalogue/current-catalogue.js";
import { requireCatalogueModel } from "../catalogue/find-entry.js";
import type { HubEnvironment } from "../environment/hub-environment.js";
import type { ModelName } from "../names/model-name.js";
import { parseModelName } from "../names/parse-model-name.js";
import { labeledCatalogueName } from "./catalogue-name.js";

/**
 * Returns the name of a model that can be downloaded: the text itself, or the repository of a word in the catalogue,
 * which may have a quantization.
 * Throws a `HubError`: `invalid-model-name`, or `model-unknown` with the nearest names.
 */
export async function findSource(text: string, environment: HubEnvironment): Promise<ModelName> {
  const labeled = await labeledCatalogueName(text, environment);
  if (labeled !== null) return labeled;
  const name = parseModelName(text, environment);
  if (name.source !== "word") return name;
  const [{ catalogue }, { models }] = await Promise.all([currentCatalogue(environment), findModels(environment)]);
  const { repository } = requireCatalogueModel(
    catalogue,
    name.word,
    models.map((model) => model.name),
  );
  return parseModelName(repository, environment);
}
