import { PLACES } from "../caches/find-models.js";
import type { FoundFile, FoundModel } from "../caches/found-model.js";
import type { HubEnvironment } from "../environment/hub-environment.js";
import { type FileHash, hashFile } from "../files/hash-file.js";
import { storeUnusable } from "../files/store-unusable.js";
import { HubError } from "../hub-error.js";
import { isOwn } from "./list-models.js";
import { fileStamps, type ModelStamp } from "./model-stamp.js";
import { distrustModel, recordModel, stampFiles } from "./record-model.js";

export interface HashProgress {
  name: string;
  hashedBytes: number;
  totalBytes: number;
}

export interface VerifyFilesOptions {
  onHash?: ((progress: HashProgress) => void) | undefined;
  signal?: AbortSignal | undefined;
  /** Called with sentences for people: the result cannot be recorded. */
  onNotice?: ((notice: string) => void) | undefined;
}

export interface VerifiedFiles {
  stamp: ModelStamp;
  /** Whether every file had a hash to compare with: the name of its blob, or an earlier stamp. */
  isCompared: boolean;
}

/**
 * Hashes a model's files, compares them with the hashes that are known, and records the result. Throws a `HubError`
 * with code `download-damaged` if they differ, after which an earlier stamp no longer counts, and `store-unusable` if a
 * file cannot be read.
 */
export async function verifyFiles(
  model: FoundModel,
  stamp: ModelStamp | null,
  environment: HubEnvironment,
  { onHash, signal, onNotice }: VerifyFilesOptions = {},
): Promise<VerifiedFiles> {
  const totalBytes = model.files.reduce((sum, { bytes }) => sum + bytes, 0);
  let hashedBytes = 0;
  const onBytes = (bytes: number) => {
    hashedBytes += bytes;
    onHash?.({ name: model.name, hashedBytes, totalBytes });
  };
  const hashes: FileHash[] = [];
  let isCompared = true;
  for (const [index, file] of model.files.entries()) {
    const hash = await hashFile(file.path, { withGitSha1: file.gitSha1 !== null, onBytes, signal }).catch((error) => {
      if (signal?.aborted) throw error;
      throw storeUnusable(`${file.path} cannot be read.`, file.path, error, "Try again, or check the disk.");
    });
    const expected = expectedHash(model, file, stamp, index);
    if (expected === null) isCompared = false;
    else if (expected.hash !== hash[expected.kind]) {
      for (const notice of (await distrustModel(environment, model)).notices) onNotice?.(notice);
      throw damaged(model, stamp, file.path);
    }
    hashes.push(hash);
  }
  const verified = {
    // For own models, the stamp alone knows where they come from.
    ...(model.place === "own-models" && stamp !== null ? stamp : model),
    name: model.name,
    license: stamp?.license ?? null,
    own: isOwn(model, stamp),
    licenseFiles: stamp?.license_files,
    files: model.files.map(({ path }, index) => ({ path, ...(hashes[index] as FileHash) })),
  };
  for (const notice of (await recordModel(environment, verified)).notices) onNotice?.(notice);
  return { stamp: await stampFiles(verified), isCompared };
}

/**
 * Returns the hash that a file must have; null if there is nothing to compare with. LM Studio replaces its files, so an
 * earlier stamp proves nothing there.
 */
function expectedHash(
  { place }: FoundModel,
  { path, sha256, gitSha1 }: FoundFile,
  stamp: ModelStamp | null,
  index: number,
): { kind: "sha256" | "gitSha1"; hash: string } | null {
  if (sha256 !== null) return { kind: "sha256", hash: sha256 };
  if (gitSha1 !== null) return { kind: "gitSha1", hash: gitSha1 };
  const known = stamp === null ? undefined : fileStamps(stamp)[index];
  return known?.path === path && place !== "lm-studio-folder" ? { kind: "sha256", hash: known.sha256 } : null;
}

function damaged(model: FoundModel, stamp: ModelStamp | null, file: string): HubError {
  const { name, place } = model;
  const remove = {
    "own-models": `Remove it with nanoagent models rm ${name}, and pull or import it again.`,
    "hub-cache": isOwn(model, stamp)
      ? `Remove it with nanoagent models rm ${name}, then nanoagent models pull ${name}.`
      : `Delete ${file} and the file that it links to, then nanoagent models pull ${name}.`,
    "ollama-store": `Remove it with ollama rm ${name.replace(/^ollama:/, "")}, then nanoagent models pull ${name}.`,
    "lm-studio-folder": `Delete ${file}, then nanoagent models pull ${name}.`,
  }[place];
  return new HubError({
    code: "download-damaged",
    message: `${name} is damaged.`,
    reason: `${file} in ${PLACES[place]} does not have the SHA-256 that it had when it was stored, or that its name says.`,
    hint: remove,
  });
}
