import type { HubEnvironment } from "../environment/hub-environment.js";
import { type LearnedCatalogue, withLearned } from "./learned.js";
import { learnedFile, readLearned } from "./learned-file.js";
import { loadCatalogue } from "./load-catalogue.js";

/** Returns the catalogue of this package, with what earlier downloads have shown in place of what was shipped. */
export async function currentCatalogue(environment: HubEnvironment): Promise<LearnedCatalogue> {
  const [catalogue, { facts, notice }] = await Promise.all([loadCatalogue(), readLearned(learnedFile(environment))]);
  const current = withLearned(catalogue, facts);
  return notice === null ? current : { ...current, notices: [notice, ...current.notices] };
}
