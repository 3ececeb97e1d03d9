import { stat } from "node:fs/promises";
import type { FoundModel } from "../caches/found-model.js";
import type { HubEnvironment } from "../environment/hub-environment.js";
import { distrusted, type ModelStamp } from "./model-stamp.js";
import { readStamps, updateStamps, withStamp } from "./stamps.js";

/** Facts of a model whose files were just hashed. */
export interface VerifiedModel
  extends Pick<ModelStamp, "name" | "source" | "repository" | "revision" | "quantization" | "license"> {
  /** Absolute paths as {@link findModels} shows them, in order, with the hash of each. */
  files: readonly { path: string; sha256: string; bytes?: number; mtimeMs?: number }[];
  /** Whether nanoagent put the files there, so that it may remove them. */
  own: boolean;
  /** Paths of files with the license's text that were stored with the model. */
  licenseFiles?: readonly string[] | undefined;
}

/** Returns the stamp of files with these hashes. Sizes and times are those of now where they are not given. */
export async function stampFiles(model: VerifiedModel): Promise<ModelStamp> {
  const { files, licenseFiles = [], name, source, repository, revision, quantization, license, own } = model;
  const parts = await Promise.all(
    files.map(async ({ path, sha256, bytes, mtimeMs }) => {
      const status = bytes === undefined || mtimeMs === undefined ? await stat(path) : { size: bytes, mtimeMs };
      return { path, bytes: status.size, mtime_ms: status.mtimeMs, sha256 };
    }),
  );
  const [first] = parts;
  if (first === undefined) throw new RangeError("A model has at least one file.");
  return {
    ...first,
    bytes: parts.reduce((sum, { bytes }) => sum + bytes, 0),
    name,
    source,
    repository,
    revision,
    quantization,
    license,
    verified_at: new Date().toISOString(),
    ...(parts.length > 1 && { parts }),
    own,
    ...(licenseFiles.length > 0 && { license_files: [...licenseFiles] }),
  };
}

/**
 * Records that a model's files have these hashes, so that it is verified and not hashed again until they change. The
 * result has a notice if the record cannot be written.
 */
export async function recordModel(
  environment: Pick<HubEnvironment, "stampsFile">,
  model: VerifiedModel,
): Promise<{ notices: string[] }> {
  const stamp = await stampFiles(model);
  return updateStamps(environment, (stamps) => {
    const before = stamps.find(({ path }) => path === stamp.path);
    // A repeated hash does not change who put the file there, nor the license that came with it.
    return withStamp(stamps, {
      ...stamp,
      own: stamp.own || before?.own === true,
      license: stamp.license ?? before?.license ?? null,
      ...((stamp.license_files ?? before?.license_files)
        ? { license_files: stamp.license_files ?? before?.license_files }
        : {}),
    });
  });
}

/**
 * Records that a model's contents are wrong: its stamp no longer counts, and its files are hashed and compared again
 * before their next use. The result has a notice if the record cannot be written.
 */
export async function distrustModel(
  environment: Pick<HubEnvironment, "stampsFile">,
  { files }: FoundModel,
): Promise<{ notices: string[] }> {
  const isOfModel = ({ path }: ModelStamp) => path === files[0].path;
  if (!(await readStamps(environment)).stamps.some(isOfModel)) return { notices: [] };
  return updateStamps(environment, (stamps) => stamps.map((stamp) => (isOfModel(stamp) ? distrusted(stamp) : stamp)));
}
