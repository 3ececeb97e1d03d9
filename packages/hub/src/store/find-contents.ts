import { findModels } from "../caches/find-models.js";
import type { FoundModel } from "../caches/found-model.js";
import type { HubEnvironment } from "../environment/hub-environment.js";
import { HubError } from "../hub-error.js";
import { isVerified, stampOf, storedModel } from "./list-models.js";
import { isStampCurrent, type ModelStamp } from "./model-stamp.js";
import type { ResolveModelOptions } from "./resolve-model.js";
import { readStamps } from "./stamps.js";
import type { StoredModel } from "./stored-model.js";
import { verifyFiles } from "./verify-files.js";

/** Contents of a model's one file. */
export interface FileContents {
  bytes: number;
  /** 64 hex digits in lower case. */
  sha256: string;
}

/**
 * Returns the model on this device whose one file has these contents, whatever its name: also one of an older commit. Null if
 * it is not here. A file is hashed only if it has the size, and its hash was not recorded. A damaged file does not count.
 * Throws a `HubError` with code `store-unusable` if a file cannot be read.
 */
export async function findContents(
  contents: FileContents,
  environment: HubEnvironment,
  options: ResolveModelOptions = {},
): Promise<StoredModel | null> {
  const [{ models }, { stamps, notices }] = await Promise.all([findModels(environment), readStamps(environment)]);
  for (const notice of notices) options.onNotice?.(notice);
  const candidates = models
    .map((model) => ({ model, stamp: stampOf(model, stamps) }))
    .filter(({ model }) => model.files.length === 1 && model.files[0].bytes === contents.bytes)
    .map((candidate) => ({ ...candidate, likelihood: likelihoodOf(contents, candidate) }))
    .filter(({ likelihood }) => likelihood > 0)
    .sort((one, other) => other.likelihood - one.likelihood);
  for (const { model, stamp } of candidates) {
    if (isVerified(model, stamp)) return storedModel(model, stamp);
    const found = await hash(model, stamp, environment, options);
    if (found?.sha256 === contents.sha256) return found;
  }
  return null;
}

/** 3: the file was hashed, and has the contents. 2: the store names it so. 1: unknown. 0: it has others. */
function likelihoodOf(
  { sha256 }: FileContents,
  { model, stamp }: { model: FoundModel; stamp: ModelStamp | null },
): number {
  const [file] = model.files;
  if (file.sha256 !== null && file.sha256 !== sha256) return 0;
  if (stamp !== null && isStampCurrent(stamp, model.files)) return stamp.sha256 === sha256 ? 3 : 0;
  return file.sha256 === null ? 1 : 2;
}

async function hash(
  model: FoundModel,
  stamp: ModelStamp | null,
  environment: HubEnvironment,
  options: ResolveModelOptions,
): Promise<StoredModel | null> {
  try {
    return storedModel(model, (await verifyFiles(model, stamp, environment, options)).stamp);
  } catch (error) {
    if (error instanceof HubError && error.code === "download-damaged") return null;
    throw error;
  }
}
