import { nearestName } from "@nanoagent/models";
import { HubError } from "../hub-error.js";
import type { CatalogueFile, CatalogueModel, ModelCatalogue } from "./model-catalogue.js";

/** Most names that an error suggests. */
const MAX_SUGGESTIONS = 3;

/** Returns the model of a name, or null. Upper and lower case are equal. */
export function findCatalogueModel(catalogue: ModelCatalogue, word: string): CatalogueModel | null {
  const wanted = word.toLowerCase();
  return catalogue.models.find(({ name }) => name === wanted) ?? null;
}

/**
 * Lists the names that a person may have meant by a word, the nearest first. If none is near, it lists those of the
 * family that is nearest: `smolm2` → `smollm2-135m`, `smollm2-360m`.
 */
export function nearestNames(word: string, names: Iterable<string>): string[] {
  const all = [...names];
  const near = nearestOf(word, all);
  if (near.length > 0) return near;
  const families = new Map(all.map((name) => [familyOf(name), name]));
  const family = nearestName(familyOf(word), families.keys());
  return all.filter((name) => familyOf(name) === family).slice(0, MAX_SUGGESTIONS);
}

/** `smollm2-135m` → `smollm2`. */
function familyOf(name: string): string {
  return name.toLowerCase().replace(/[-:/].*$/s, "");
}

function nearestOf(word: string, names: readonly string[]): string[] {
  const left = new Set(names);
  const nearest: string[] = [];
  while (nearest.length < MAX_SUGGESTIONS) {
    const name = nearestName(word, left);
    if (name === null) break;
    left.delete(name);
    nearest.push(name);
  }
  return nearest;
}

/** Returns the model of a name. Throws a `HubError` with code `model-unknown` that suggests the nearest of `names`. */
export function requireCatalogueModel(
  catalogue: ModelCatalogue,
  word: string,
  names: Iterable<string> = [],
): CatalogueModel {
  const model = findCatalogueModel(catalogue, word);
  if (model !== null) return model;
  // Most people want a model that writes.
  const known = [...catalogue.models].sort((one, other) => Number(one.embedding) - Number(other.embedding));
  const nearest = nearestNames(word, [...known.map(({ name }) => name), ...names]);
  throw new HubError({
    code: "model-unknown",
    message: `Unknown model "${word}".`,
    reason: "No model of the catalogue and no model on this device has this name.",
    hint:
      nearest.length === 0
        ? "List models for this device with nanoagent models recommend, or write a repository as org/repo."
        : `Did you mean ${nearest.join(" or ")}? Download it with nanoagent models pull ${nearest[0]}`,
  });
}

/** Returns the entry of a repository and its file of a quantization; null for a repository that is not in the catalogue. */
export function findCatalogueFile(
  catalogue: ModelCatalogue,
  repository: string,
  quantization: string | null,
): { model: CatalogueModel; file: CatalogueFile | null } | null {
  const wanted = repository.toLowerCase();
  const model = catalogue.models.find((entry) => entry.repository.toLowerCase() === wanted);
  if (model === undefined) return null;
  return { model, file: model.files.find((file) => file.quantization === quantization) ?? null };
}
