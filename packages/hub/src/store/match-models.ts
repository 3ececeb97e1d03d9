import type { FoundModel } from "../caches/found-model.js";
import { formatModelName } from "../names/format-model-name.js";
import type { HubName, ModelName } from "../names/model-name.js";
import { modelWord } from "../names/model-word.js";
import { addressFileName } from "../names/plain-address.js";
import { normalizeQuantization } from "../names/quantization-label.js";

/**
 * Returns the models that a name stands for, among models with unique names. More than one: a repository without a
 * quantization, of which several are here.
 */
export function matchModels(models: readonly FoundModel[], name: ModelName): FoundModel[] {
  const text = localName(name);
  const exact = models.find((model) => model.name === text);
  if (exact !== undefined) return [exact];
  if (name.source === "hub") return matchRepository(models, name);
  const folded = text.toLowerCase();
  return models.filter((model) => model.name.toLowerCase() === folded).slice(0, 1);
}

/** Returns the canonical text of a name; for an address, the word that its file is stored by. */
export function localName(name: ModelName): string {
  const file = name.source === "address" ? addressFileName(name.url) : null;
  return (file === null ? null : modelWord(file)) ?? formatModelName(name);
}

function matchRepository(models: readonly FoundModel[], { repository, quantization, file, revision }: HubName) {
  const folded = repository.toLowerCase();
  const isMain = revision === null || revision === "main";
  const here = models
    .filter((model) => model.repository?.toLowerCase() === folded)
    .filter((model) => isMain || model.revision === revision || model.references.includes(revision))
    // Those of the branch come before those of other commits.
    .sort((one, other) => Number(other.references.includes("main")) - Number(one.references.includes("main")));
  if (file !== null) {
    const ending = `/${file}`;
    return here
      .filter(
        (model) => model.file === file || model.files.some(({ path }) => path.replaceAll("\\", "/").endsWith(ending)),
      )
      .slice(0, 1);
  }
  if (quantization !== null) return matchQuantization(here, normalizeQuantization(quantization)).slice(0, 1);
  const labels = new Map<string, FoundModel>();
  for (const model of here) {
    const label = model.quantization ?? model.name;
    if (!labels.has(label)) labels.set(label, model);
  }
  return [...labels.values()];
}

/** Prefers models whose name has the label, then all with the label, then the only one with `UD-` before it. */
function matchQuantization(models: readonly FoundModel[], quantization: string): FoundModel[] {
  const labeled = models.filter((model) => model.quantization === quantization);
  const named = labeled.filter(({ name }) => name.endsWith(`:${quantization}`));
  if (named.length > 0) return named;
  if (labeled.length > 0) return labeled;
  const dynamic = models.filter((model) => model.quantization === `UD-${quantization}`);
  return new Set(dynamic.map(({ quantization }) => quantization)).size === 1 ? dynamic : [];
}
