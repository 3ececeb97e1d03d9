import { lstat, readdir, realpath, rm, rmdir, stat } from "node:fs/promises";
import path from "node:path";
import type { FoundModel } from "../caches/found-model.js";
import { readReference, repositoryFolder } from "../caches/hub-cache.js";
import { listSnapshots } from "../caches/list-hub-cache.js";
import type { HubEnvironment } from "../environment/hub-environment.js";
import { storeUnusable } from "../files/store-unusable.js";
import { type WalkBudget, walkFolder } from "../files/walk-folder.js";
import { HubError } from "../hub-error.js";
import { isOwn, stampOf } from "./list-models.js";
import { findModel } from "./resolve-model.js";
import { readStamps, updateStamps } from "./stamps.js";

/** Most entries of one repository that are looked at for other users of a blob. */
const MAX_ENTRIES = 50_000;
const MAX_DEPTH = 6;

export interface RemovedModel {
  name: string;
  /** Paths of the removed files, links and blobs. */
  removed: string[];
  freedBytes: number;
  notices: string[];
}

/**
 * Removes a model that nanoagent put there. In Hugging Face's cache, a blob stays while another snapshot uses it.
 * Throws like `resolveModel` for a name without a model, and a `HubError` with code `store-unusable` for a file that
 * nanoagent has no record of, such as one of another program.
 */
export async function removeModel(name: string, environment: HubEnvironment): Promise<RemovedModel> {
  const [model, { stamps }] = await Promise.all([findModel(name, environment), readStamps(environment)]);
  const stamp = stampOf(model, stamps);
  const others = new Set(stamps.flatMap((other) => (other === stamp ? [] : (other.license_files ?? []))));
  const root = isInCache(model) ? repositoryFolder(environment, model.repository) : environment.modelsFolder;
  if (!isOwn(model, stamp)) throw notOurs(model, root);
  // The record is a file that people can edit: nothing outside the store is removed by it.
  const licenses = (stamp?.license_files ?? []).filter(
    (file) => !others.has(file) && path.resolve(file).startsWith(root + path.sep),
  );
  const files = [...model.files.map(({ path }) => path), ...licenses];
  const result: RemovedModel = { name: model.name, removed: [], freedBytes: 0, notices: [] };
  try {
    if (isInCache(model)) {
      await removeFromCache(environment, model.repository, files, result);
    } else {
      for (const file of files) await removeFile(file, root, result);
    }
  } catch (error) {
    throw storeUnusable(`${model.name} cannot be removed in full.`, model.files[0].path, error);
  }
  if (stamp !== null) {
    // Last, so that the rest of an interrupted removal is still known to be ours.
    const { notices } = await updateStamps(environment, (now) => now.filter(({ path }) => path !== stamp.path));
    result.notices.push(...notices);
  }
  return result;
}

function isInCache(model: FoundModel): model is FoundModel & { repository: string } {
  return model.place === "hub-cache" && model.repository !== null;
}

async function removeFromCache(
  environment: HubEnvironment,
  repository: string,
  files: readonly string[],
  result: RemovedModel,
): Promise<void> {
  const folder = repositoryFolder(environment, repository);
  const blobs = new Set<string>();
  const root = await realpath(folder);
  for (const file of files) {
    const blob = await realpath(file).catch(() => null);
    if (blob !== null && path.dirname(blob) === path.join(root, "blobs")) blobs.add(blob);
    // Without links, the blob may be a second name of the same file.
    else if (blob !== null) for (const twin of await hardLinksOf(blob, path.join(root, "blobs"))) blobs.add(twin);
    await removeFile(file, path.join(folder, "snapshots"), result);
  }
  const used = await usedContents(folder);
  for (const blob of blobs) if (!used.has(blob)) await removeFile(blob, path.dirname(blob), result);
  await removeUnusedReferences(folder);
  for (const name of ["blobs", "snapshots", "refs"]) await rmdir(path.join(folder, name)).catch(() => {});
  // Fails while the folder has entries, such as those of another program.
  await rmdir(folder).catch(() => {});
}

/** Returns the real paths of the contents that the snapshots of a repository's folder use. */
export async function usedContents(folder: string): Promise<Set<string>> {
  const budget: WalkBudget = { entriesLeft: MAX_ENTRIES };
  const used = new Set<string>();
  const blobs = path.join(await realpath(folder), "blobs");
  for (const { path: file, isLink } of await walkFolder(path.join(folder, "snapshots"), MAX_DEPTH, budget)) {
    const contents = await realpath(file).catch(() => null);
    if (contents === null) continue;
    used.add(contents);
    if (!isLink) for (const twin of await hardLinksOf(contents, blobs)) used.add(twin);
  }
  if (budget.entriesLeft <= 0) {
    throw new HubError({
      code: "store-unusable",
      message: `${folder} has more than ${MAX_ENTRIES} entries.`,
      reason: "Files that are still in use could be removed.",
      hint: "Remove the repository with hf cache rm.",
    });
  }
  return used;
}

/** Returns the files in a folder that are other names of the same file. */
async function hardLinksOf(file: string, folder: string): Promise<string[]> {
  const own = await stat(file, { bigint: true }).catch(() => null);
  if (own === null || own.nlink < 2n) return [];
  const found: string[] = [];
  for (const name of await readdir(folder).catch(() => [])) {
    const candidate = path.join(folder, name);
    const other = await stat(candidate, { bigint: true }).catch(() => null);
    if (other?.ino === own.ino && other.dev === own.dev) found.push(candidate);
  }
  return found;
}

/** Removes references to commits without a snapshot: other programs report such a cache as damaged. */
async function removeUnusedReferences(folder: string): Promise<void> {
  const budget: WalkBudget = { entriesLeft: MAX_ENTRIES };
  const commits = new Set((await listSnapshots(folder, budget)).map(({ commit }) => commit));
  const refs = path.join(folder, "refs");
  for (const { path: file } of await walkFolder(refs, MAX_DEPTH, budget)) {
    const commit = await readReference(file);
    if (commit === null || commits.has(commit)) continue;
    await rm(file, { force: true });
    await removeEmptyFolders(path.dirname(file), refs);
  }
}

async function removeFile(file: string, root: string, result: RemovedModel): Promise<void> {
  const status = await lstat(file).catch(() => null);
  if (status === null) return;
  await rm(file);
  result.removed.push(file);
  // A link, and one of several names of a file, free no space.
  if (status.isFile() && status.nlink === 1) result.freedBytes += status.size;
  await removeEmptyFolders(path.dirname(file), root);
}

/** Removes a folder and its parents below `root` while they are empty. */
async function removeEmptyFolders(folder: string, root: string): Promise<void> {
  for (let empty = folder; empty.startsWith(root + path.sep); empty = path.dirname(empty)) {
    if (
      !(await rmdir(empty).then(
        () => true,
        () => false,
      ))
    )
      return;
  }
}

function notOurs({ name, place, files, repository }: FoundModel, folder: string): HubError {
  const file = files[0].path;
  const hints = {
    "own-models": `Delete ${file}.`,
    "hub-cache": `Delete the folder ${folder}, which has all files of the repository, or use hf cache rm model/${repository}.`,
    "ollama-store": `Remove it with ollama rm ${repository?.includes(":") ? name.replace(/^ollama:/, "") : `hf.co/${name}`}.`,
    "lm-studio-folder": `Remove it in LM Studio under My Models, or delete ${file}.`,
  };
  const reasons = {
    "own-models": "nanoagent has no record of the file.",
    "hub-cache": "nanoagent has no record of having put it there, so another program may still use it.",
    "ollama-store": "Ollama put it on this device, and may still use it.",
    "lm-studio-folder": "LM Studio put it on this device, and may still use it.",
  };
  return new HubError({
    code: "store-unusable",
    message: `${name} was not removed.`,
    reason: reasons[place],
    hint: hints[place],
  });
}
