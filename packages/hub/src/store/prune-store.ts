import { lstat, rm, stat } from "node:fs/promises";
import path from "node:path";
import type { HubEnvironment } from "../environment/hub-environment.js";
import { isRepository } from "../names/name-rules.js";
import { blobPath, repositoryFolder } from "./hub-cache.js";
import { fileStamps, type ModelStamp } from "./model-stamp.js";
import { findPartialDownloads } from "./partial-files.js";
import { usedContents } from "./remove-model.js";
import { readStamps, updateStamps } from "./stamps.js";
import { storeUnusable } from "./store-unusable.js";
import type { WalkBudget } from "./walk-folder.js";

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
  /** `partial`: of an interrupted download. `unused-blob`: contents that nanoagent stored and no snapshot uses. */
  kind: "partial" | "unused-blob";
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
    ...(await findUnusedBlobs(gone, environment)),
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
    const error = await lstat(stamp.path).then(
      () => null,
      (error: NodeJS.ErrnoException) => error,
    );
    if (error?.code === "ENOENT" || error?.code === "ENOTDIR") gone.push(stamp);
  }
  return gone;
}

async function findUnusedBlobs(gone: readonly ModelStamp[], environment: HubEnvironment): Promise<PrunedFile[]> {
  const found = new Map<string, PrunedFile>();
  for (const stamp of gone) {
    const { repository, own } = stamp;
    if (!own || repository === null || !isRepository(repository)) continue;
    const folder = repositoryFolder(environment, repository);
    if (!stamp.path.startsWith(folder + path.sep)) continue;
    const used = await usedContents(folder).catch(() => null);
    if (used === null) continue;
    for (const { sha256 } of fileStamps(stamp)) {
      const blob = blobPath(environment, repository, { sha256, gitSha1: null });
      const status = await lstat(blob).catch(() => null);
      const isUsed = [...used].some((contents) => path.basename(contents) === sha256);
      if (status?.isFile() && !isUsed) found.set(blob, { path: blob, bytes: status.size, kind: "unused-blob" });
    }
  }
  return [...found.values()];
}
