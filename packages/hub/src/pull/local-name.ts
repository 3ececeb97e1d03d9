import { findModels } from "../caches/find-models.js";
import { currentCatalogue } from "../catalogue/current-catalogue.js";
import { requireCatalogueModel } from "../catalogue/find-entry.js";
import type { HubEnvironment } from "../environment/hub-environment.js";
import { formatModelName } from "../names/format-model-name.js";
import { parseModelName } from "../names/parse-model-name.js";
import { labeledCatalogueName } from "./catalogue-name.js";

/**
 * Returns the name by which the store knows a model: the text itself, or the repository of a word that is only in the
 * catalogue. Throws a `HubError`: `invalid-model-name`, or `model-unknown` with the nearest names of both.
 */
export async function localNameOf(text: string, environment: HubEnvironment): Promise<string> {
  const labeled = await labeledCatalogueName(text, environment);
  if (labeled !== null) return formatModelName(labeled);
  const name = parseModelName(text, environment);
  if (name.source !== "word") return text;
  const { models } = await findModels(environment);
  const names = models.map((model) => model.name);
  const here = names.find((known) => known.toLowerCase() === name.word.toLowerCase());
  if (here !== undefined) return here;
  const { catalogue } = await currentCatalogue(environment);
  return requireCatalogueModel(catalogue, name.word, names).repository;
}
