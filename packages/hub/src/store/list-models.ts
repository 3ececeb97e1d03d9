import { findModels } from "../caches/find-models.js";
import type { FoundModel } from "../caches/found-model.js";
import type { HubEnvironment } from "../environment/hub-environment.js";
import { fileStamps, isStampCurrent, type ModelStamp } from "./model-stamp.js";
import { readStamps } from "./stamps.js";
import type { StoredModel } from "./stored-model.js";

export interface ListModelsOptions {
  /** Whether only models are listed that nanoagent put there. Default: false. */
  own?: boolean | undefined;
}

/**
 * Lists the models on this device, sorted by name, with sentences for people about those that are left out. Contents
 * are not read: a model is `verified` if it was hashed before, and its size and time have not changed since. Never
 * rejects for a folder that is missing or cannot be read.
 */
export async function listModels(
  environment: HubEnvironment,
  { own = false }: ListModelsOptions = {},
): Promise<{ models: StoredModel[]; notices: string[] }> {
  const [found, { stamps, notices }] = await Promise.all([findModels(environment), readStamps(environment)]);
  const models = found.models
    .map((model) => ({ model, stamp: stampOf(model, stamps) }))
    .filter(({ model, stamp }) => !own || isOwn(model, stamp))
    .map(({ model, stamp }) => storedModel(model, stamp));
  return { models, notices: [...found.notices, ...notices] };
}

/** Returns the stamp of a model's first file; null if it was never hashed. */
export function stampOf({ files }: FoundModel, stamps: readonly ModelStamp[]): ModelStamp | null {
  return stamps.find(({ path }) => path === files[0].path) ?? null;
}

/** Whether nanoagent put a model there, and may remove it. */
export function isOwn({ place }: FoundModel, stamp: ModelStamp | null): boolean {
  return place === "own-models" || (place === "hub-cache" && stamp?.own === true);
}

/** Whether the files are as they were when they were hashed, and have the hash that the store names them by. */
export function isVerified({ files }: FoundModel, stamp: ModelStamp | null): stamp is ModelStamp {
  if (stamp === null || !isStampCurrent(stamp, files)) return false;
  const stamps = fileStamps(stamp);
  return files.every(({ sha256 }, index) => sha256 === null || sha256 === stamps[index]?.sha256);
}

/** Joins the facts of a folder with those of the stamp. */
export function storedModel(model: FoundModel, stamp: ModelStamp | null): StoredModel {
  const { name, place, files, quantization } = model;
  const verified = isVerified(model, stamp);
  // The folder of own models says nothing about their origin.
  const known = place === "own-models" && stamp !== null ? stamp : model;
  return {
    name,
    path: files[0].path,
    bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
    sha256: verified ? stamp.sha256 : files[0].sha256,
    source: known.source,
    repository: known.repository,
    revision: known.revision,
    quantization: quantization ?? known.quantization,
    license: stamp?.license ?? null,
    verified,
  };
}
