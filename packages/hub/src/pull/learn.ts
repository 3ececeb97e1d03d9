import { findCatalogueFile } from "../catalogue/find-entry.js";
import { type LearnedRepository, learnedFrom, learnedGone, withLearned } from "../catalogue/learned.js";
import { learnedFile, rememberLearned } from "../catalogue/learned-file.js";
import { loadCatalogue } from "../catalogue/load-catalogue.js";
import type { HubEnvironment } from "../environment/hub-environment.js";
import { HubError } from "../hub-error.js";
import { formatModelName } from "../names/format-model-name.js";
import type { ModelName } from "../names/model-name.js";
import type { RemoteRepository } from "../sources/remote-model.js";

/**
 * Remembers what a source said of a repository of the catalogue, for later recommendations. Returns sentences about what
 * differs from the catalogue. Never rejects.
 */
export async function learnFrom(
  name: ModelName,
  repository: RemoteRepository,
  environment: HubEnvironment,
): Promise<readonly string[]> {
  return remember(name, environment, learnedFrom(repository, { askedFor: catalogueName(name) ?? undefined }));
}

/** Remembers that a repository of the catalogue is gone, if that is what the error says. Never rejects. */
export async function learnFromFailure(name: ModelName, error: unknown, environment: HubEnvironment): Promise<void> {
  const asked = catalogueName(name);
  if (asked === null || !(error instanceof HubError) || error.code !== "repository-not-found") return;
  await remember(name, environment, learnedGone(asked));
}

async function remember(
  name: ModelName,
  environment: HubEnvironment,
  learned: LearnedRepository | null,
): Promise<readonly string[]> {
  const asked = catalogueName(name);
  if (asked === null || learned === null) return [];
  const catalogue = await loadCatalogue();
  const entry = findCatalogueFile(catalogue, asked, null);
  if (entry === null) return [];
  // Without a place to remember it, the catalogue stays as it was shipped.
  await rememberLearned(learnedFile(environment), learned).catch(() => {});
  const { notices } = withLearned({ ...catalogue, models: [entry.model] }, { format: 1, repositories: [learned] });
  return notices;
}

/** Returns a name as the catalogue writes repositories. */
function catalogueName(name: ModelName): string | null {
  if (name.source === "hub") return name.repository;
  return name.source === "ollama" ? formatModelName(name) : null;
}
