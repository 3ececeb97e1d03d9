import { findModels } from "../caches/find-models.js";
import { currentCatalogue } from "../catalogue/current-catalogue.js";
import { requireCatalogueModel } from "../catalogue/find-entry.js";
import type { HubEnvironment } from "../environment/hub-environment.js";
import { HubError } from "../hub-error.js";
import { formatModelName } from "../names/format-model-name.js";
import { parseModelName } from "../names/parse-model-name.js";
import { type ResolveModelOptions, resolveModel } from "../store/resolve-model.js";
import type { StoredModel } from "../store/stored-model.js";
import { labeledCatalogueName } from "./catalogue-name.js";

/**
 * Returns the model on this device that a name stands for, as {@link resolveModel} does. A word that is not the name of
 * a model here is looked up in the catalogue; the error of an unknown one names the nearest of both.
 */
export async function resolveAnyName(
  text: string,
  environment: HubEnvironment,
  options: ResolveModelOptions = {},
): Promise<StoredModel> {
  const labeled = await labeledCatalogueName(text, environment);
  if (labeled !== null) return resolveModel(formatModelName(labeled), environment, options);
  try {
    return await resolveModel(text, environment, options);
  } catch (error) {
    const name = parseModelName(text, environment);
    if (!(error instanceof HubError) || error.code !== "model-unknown" || name.source !== "word") throw error;
    const { catalogue } = await currentCatalogue(environment);
    const { models } = await findModels(environment);
    const { repository } = requireCatalogueModel(
      catalogue,
      name.word,
      models.map((model) => model.name),
    );
    return resolveModel(repository, environment, options);
  }
}
