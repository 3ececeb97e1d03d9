import path from "node:path";
import type { HubEnvironment } from "../environment/hub-environment.js";
import { requireSpace } from "../files/free-space.js";
import { HubError } from "../hub-error.js";
import { parseModelName } from "../names/parse-model-name.js";
import type { FileContents } from "./find-contents.js";
import { findPartialDownloads } from "./partial-files.js";

/** Most entries of the cache that are looked at for downloads that were interrupted. */
const MAX_ENTRIES = 50_000;
const DEPTH = 3;

/**
 * Throws a `HubError` with code `disk-too-small` if the models, which are not here, do not fit together. What an interrupted
 * download has brought already needs no space.
 */
export async function requireModelSpace(
  models: readonly (FileContents & { source: string })[],
  environment: HubEnvironment,
): Promise<void> {
  const partial = await findPartialDownloads(environment.hubCache, DEPTH, { entriesLeft: MAX_ENTRIES });
  const needs = new Map<string, number>();
  // Two names of the same contents are one download.
  const contents = [...new Map(models.map((model) => [model.sha256, model])).values()];
  for (const { bytes, sha256, source } of contents) {
    const there = partial.find(({ target }) => path.basename(target) === sha256)?.files ?? [];
    const missing = Math.max(0, bytes - there.reduce((sum, file) => sum + file.bytes, 0));
    const folder = folderOf(source, environment);
    needs.set(folder, (needs.get(folder) ?? 0) + missing);
  }
  const purpose = contents.length === 1 ? "the model" : `the ${contents.length} models`;
  for (const [folder, bytes] of needs) await requireSpace(folder, bytes, `${purpose} of the bundle`);
}

/** Returns the folder that a source's models are stored in. */
function folderOf(source: string, environment: HubEnvironment): string {
  try {
    const { source: kind } = parseModelName(source, environment);
    return kind === "ollama" || kind === "address" ? environment.modelsFolder : environment.hubCache;
  } catch (error) {
    if (error instanceof HubError) return environment.hubCache;
    throw error;
  }
}
