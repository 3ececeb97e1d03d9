import { lstat, rm, stat } from "node:fs/promises";
import path from "node:path";
import { blobPath, repositoryFolder } from "../caches/hub-cache.js";
import type { HubEnvironment } from "../environment/hub-environment.js";
import { storeUnusable } from "../files/store-unusable.js";
import type { WalkBudget } from "../files/walk-folder.js";
import { isRepository } from "../names/name-rules.js";
import { fileStamps, type ModelStamp } from "./model-stamp.js";
import { findPartialDownloads, QUIET_MILLISECONDS } from "./partial-files.js";
import { usedContents } from "./remove-model.js";
import { readStamps, updateStamps } from "./stamps.js";

const MILLISECONDS_PER_DAY = 86_400_000;
const MAX_ENTRIES = 200_000;
/** Depth of the files in a snapshot's folders, from the cache. */
const CACHE_DEPTH = 9;
const MODELS_DEPTH = 5;

export interface PruneStoreOptions {
  /** Whether nothing is removed, only counted. Default: false. */
  isDryRun?: boolean | undefined;
  /** Whether partial files of any age are removed, except those of a running download. Default: those of a day. */
  all?: boolean | undefined;
  /** The time, in milliseconds since 1970. Default: now. */
  now?: number | undefined;
}

export interface PrunedFile {
  path: string;
  bytes: number;
  /**
   * `partial`: of an interrupted download. `unused-blob`: contents that nanoagent stored and no snapshot uses.
   * `broken-link`: the name of contents that nanoagent stored and that are gone.
   */
  kind: "partial" | "unused-blob" | "broken-link";
}

export interface PrunedStore {
  files: PrunedFile[];
  freedBytes: number;
  /** Names of models whose files are gone, and whose records were removed. */
  forgotten: string[];
  notices: string[];
}

/**
 * Removes what nothing needs: partial files of downloads that ended a day ago, contents in Hugging Face's cache that
 * nanoagent stored and no snapshot uses, and records of files that are gone. Throws a `HubError` with code
 * `store-unusable` if a file cannot be removed.
 */
export async function pruneStore(
  environment: HubEnvironment,
  { isDryRun = false, all = false, now = Date.now() }: PruneStoreOptions = {},
): Promise<PrunedStore> {
  const { hubCache, modelsFolder } = environment;
  const budget: WalkBudget = { entriesLeft: MAX_ENTRIES };
  const partial = [
    ...(await findPartialDownloads(hubCache, CACHE_DEPTH, budget, now)),
    ...(await findPartialDownloads(modelsFolder, MODELS_DEPTH, budget, now)),
  ].filter(({ isLive, mtimeMs }) => !isLive && (all || now - mtimeMs > MILLISECONDS_PER_DAY));
  const { stamps, notices } = await readStamps(environment);
  const gone = await findGone(stamps, environment);
  const files: PrunedFile[] = [
    ...partial.flatMap(({ files }) => files.map((file) => ({ ...file, kind: "partial" as const }))),
    ...(await findRemains(gone, environment, now)),
  ].map(({ path, bytes, kind }) => ({ path, bytes, kind }));
  if (!isDryRun) {
    for (const { path: file } of files) {
      await rm(file, { force: true }).catch((error) => {
        throw storeUnusable(`${file} cannot be removed.`, file, error);
      });
    }
    if (gone.length > 0) {
      const paths = new Set(gone.map(({ path }) => path));
      notices.push(...(await updateStamps(environment, (kept) => kept.filter(({ path }) => !paths.has(path)))).notices);
    }
  }
  return {
    files,
    freedBytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
    forgotten: gone.map(({ name }) => name),
    notices,
  };
}

/**
 * Returns the stamps of files that are gone. A file in a folder that is missing as a whole may be on a disk that is not
 * mounted now.
 */
async function findGone(stamps: readonly ModelStamp[], environment: HubEnvironment): Promise<ModelStamp[]> {
  const { hubCache, modelsFolder, ollamaStores, lmStudioFolders } = environment;
  const roots: string[] = [];
  for (const root of [hubCache, modelsFolder, ...ollamaStores, ...lmStudioFolders]) {
    if (await stat(root).catch(() => null)) roots.push(root);
  }
  const gone: ModelStamp[] = [];
  for (const stamp of stamps) {
    if (!roots.some((root) => stamp.path.startsWith(root + path.sep))) continue;
    // Follows a link to its blob.
    const error = await stat(stamp.path).then(
      () => null,
      (error: NodeJS.ErrnoException) => error,
    );
    if (error?.code === "ENOENT" || error?.code === "ENOTDIR") gone.push(stamp);
  }
  return gone;
}

/** Finds the links and blobs of models of ours in the cache that are gone. */
async function findRemains(
  gone: readonly ModelStamp[],
  environment: HubEnvironment,
  now: number,
): Promise<PrunedFile[]> {
  const found = new Map<string, PrunedFile>();
  for (const stamp of gone) {
    const { repository, own } = stamp;
    if (!own || repository === null || !isRepository(repository)) continue;
    const folder = repositoryFolder(environment, repository);
    if (!stamp.path.startsWith(folder + path.sep)) continue;
    const link = await lstat(stamp.path).catch(() => null);
    if (link?.isSymbolicLink()) found.set(stamp.path, { path: stamp.path, bytes: 0, kind: "broken-link" });
    const used = await usedContents(folder).catch(() => null);
    if (used === null) continue;
    const usedNames = new Set([...used].map((contents) => path.basename(contents)));
    for (const { sha256 } of fileStamps(stamp)) {
      const blob = blobPath(environment, repository, { sha256, gitSha1: null });
      const status = await lstat(blob).catch(() => null);
      if (!status?.isFile() || usedNames.has(sha256)) continue;
      // A download that ends now gives its blob a name in a snapshot next.
      if (Math.abs(now - status.mtimeMs) < QUIET_MILLISECONDS) continue;
      found.set(blob, { path: blob, bytes: status.size, kind: "unused-blob" });
    }
  }
  return [...found.values()];
}
