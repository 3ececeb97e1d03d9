import type { HubEnvironment } from "../environment/hub-environment.js";
import { formatModelName } from "../names/format-model-name.js";
import type { FoundModel, FoundModels, ModelPlace } from "./found-model.js";
import { listHubCache } from "./list-hub-cache.js";
import { listLmStudioFolders } from "./lm-studio-folder.js";
import { listOllamaStores } from "./ollama-store.js";
import { listOwnModels } from "./own-models.js";

/** Programs that the folders belong to, for messages. */
export const PLACES: Readonly<Record<ModelPlace, string>> = {
  "own-models": "nanoagent's models folder",
  "hub-cache": "Hugging Face's cache",
  "ollama-store": "Ollama's store",
  "lm-studio-folder": "LM Studio's folder",
};

/**
 * Finds the models in all folders, each with a name that no other has, sorted by name. If two folders have a model for
 * one name, the first folder of {@link PLACES} counts. Reads names, sizes and times of files, and no contents.
 */
export async function findModels(environment: HubEnvironment): Promise<FoundModels> {
  const places = await Promise.all([
    listOwnModels(environment),
    listHubCache(environment),
    listOllamaStores(environment),
    listLmStudioFolders(environment),
  ]);
  const { models, notices } = nameModels(places.flatMap(({ models }) => models));
  return { models, notices: [...places.flatMap(({ notices }) => notices), ...notices] };
}

/**
 * Gives each model a name of its own: `org/repo:LABEL` to the first of a repository with this label, `org/repo` to the
 * only one without a label, and to the others the address of their file, with the commit where that is needed.
 */
function nameModels(found: readonly FoundModel[]): FoundModels {
  const counts = new Map<string, number>();
  for (const { name, repository } of found) {
    if (name === "" && repository !== null) counts.set(repository, (counts.get(repository) ?? 0) + 1);
  }
  const named = new Map<string, FoundModel>();
  const notices: string[] = [];
  for (const model of found) {
    const names = namesOf(model, counts.get(model.repository ?? "") === 1);
    const name = names.find((name) => !named.has(name));
    if (name === undefined) {
      const [taken] = names;
      const why = taken === undefined ? "It has no name here." : `${taken} is already the name of another file.`;
      notices.push(`${model.files[0].path} in ${PLACES[model.place]} was left out. ${why}`);
    } else {
      named.set(name, { ...model, name });
    }
  }
  return {
    models: [...named.values()].sort((one, other) => (one.name < other.name ? -1 : 1)),
    notices,
  };
}

/**
 * Returns the names that a model may have, the best first. The address of a file on `main` is never the name of the
 * same file at another commit.
 */
function namesOf(model: FoundModel, isOnly: boolean): string[] {
  const { name, repository, quantization, file, revision, references } = model;
  if (name !== "" || repository === null) return [name];
  const hubName = (parts: { quantization?: string | null; file?: string | null; revision?: string | null }) =>
    formatModelName({ source: "hub", repository, quantization: null, file: null, revision: null, ...parts });
  const isMain = revision === null || references.includes("main");
  return [
    ...(quantization === null ? [] : [hubName({ quantization })]),
    ...(quantization === null && isOnly ? [hubName({})] : []),
    ...(file === null ? [] : [hubName({ file, revision: isMain ? null : revision })]),
    ...(file === null || revision === null || !isMain ? [] : [hubName({ file, revision })]),
  ];
}
