import { lstat, realpath, stat } from "node:fs/promises";
import path from "node:path";
import type { HubEnvironment } from "../environment/hub-environment.js";
import { isCommit, isSha256 } from "../files/safe-name.js";
import { listFolder, type WalkBudget, walkFolder } from "../files/walk-folder.js";
import { isGgufPath, isRepository } from "../names/name-rules.js";
import type { FoundFile, FoundModels } from "./found-model.js";
import { groupFiles, type NamedFile } from "./group-files.js";
import { readReference } from "./hub-cache.js";

/** Most entries of the cache that are looked at. A cache of a thousand repositories has about 50,000. */
const MAX_ENTRIES = 200_000;
const MAX_DEPTH = 6;

/** A commit of a repository in the cache. */
export interface Snapshot {
  commit: string;
  /** Absolute path. */
  folder: string;
  /** Branches and tags that stand for the commit. */
  references: readonly string[];
}

/**
 * Lists the models in Hugging Face's cache, whichever program put them there. For each repository, those of `main` come
 * first, then those of the newest commits. A file that two snapshots share is listed once.
 */
export async function listHubCache({ hubCache }: Pick<HubEnvironment, "hubCache">): Promise<FoundModels> {
  const budget: WalkBudget = { entriesLeft: MAX_ENTRIES };
  const found: FoundModels = { models: [], notices: [] };
  for (const entry of await listFolder(hubCache, budget)) {
    const [kind, organization, name, ...more] = entry.name.split("--");
    const repository = `${organization}/${name}`;
    if (kind !== "models" || more.length > 0 || !isRepository(repository) || entry.isFile()) continue;
    const { models, notices } = await listRepository(path.join(hubCache, entry.name), repository, budget);
    found.models.push(...models);
    found.notices.push(...notices);
  }
  if (budget.entriesLeft <= 0) {
    found.notices.push(`${hubCache} has more than ${MAX_ENTRIES} entries. The rest was not looked at.`);
  }
  return found;
}

async function listRepository(folder: string, repository: string, budget: WalkBudget): Promise<FoundModels> {
  const found: FoundModels = { models: [], notices: [] };
  const root = await realpath(folder).catch(() => null);
  if (root === null) return found;
  const listed = new Set<string>();
  for (const { commit, folder: snapshot, references } of await listSnapshots(folder, budget)) {
    const files: NamedFile[] = [];
    for (const entry of await walkFolder(snapshot, MAX_DEPTH, budget)) {
      if (!isGgufPath(entry.relative)) continue;
      const file = await readEntry(entry.path, root);
      if (file !== null) files.push({ ...file, name: entry.relative });
    }
    const { models, notices } = groupFiles(files);
    found.notices.push(...notices.map((notice) => `${repository}: ${notice}`));
    for (const model of models) {
      const { name, contents } = model.files[0];
      const key = `${name}\0${contents}`;
      if (listed.has(key)) continue;
      listed.add(key);
      found.models.push({
        name: "",
        place: "hub-cache",
        source: "huggingface",
        repository,
        revision: commit,
        references,
        file: name,
        quantization: model.quantization,
        files: model.files,
      });
    }
  }
  return found;
}

/** Lists the commits of a repository's folder: that of `main`, then from the newest to the oldest. */
export async function listSnapshots(folder: string, budget: WalkBudget): Promise<Snapshot[]> {
  const referencesOf = new Map<string, string[]>();
  for (const { path: file, relative } of await walkFolder(path.join(folder, "refs"), MAX_DEPTH, budget)) {
    const commit = await readReference(file);
    if (commit !== null) referencesOf.set(commit, [...(referencesOf.get(commit) ?? []), relative]);
  }
  const snapshots: (Snapshot & { time: number })[] = [];
  for (const { name } of await listFolder(path.join(folder, "snapshots"), budget)) {
    const snapshot = path.join(folder, "snapshots", name);
    const status = await lstat(snapshot).catch(() => null);
    if (!isCommit(name) || !status?.isDirectory()) continue;
    snapshots.push({ commit: name, folder: snapshot, references: referencesOf.get(name) ?? [], time: status.mtimeMs });
  }
  const isMain = ({ references }: Snapshot) => Number(references.includes("main"));
  return snapshots.sort((one, other) => isMain(other) - isMain(one) || other.time - one.time);
}

/**
 * Returns the file of a snapshot's entry with the real path of its contents; null for a broken link, and for one that
 * leaves the repository's folder.
 */
async function readEntry(file: string, root: string): Promise<(FoundFile & { contents: string }) | null> {
  try {
    const contents = await realpath(file);
    const status = await stat(contents);
    if (!contents.startsWith(root + path.sep) || !status.isFile()) return null;
    const isBlob = path.dirname(contents) === path.join(root, "blobs");
    const hash = isBlob ? path.basename(contents) : "";
    return {
      path: file,
      bytes: status.size,
      mtimeMs: status.mtimeMs,
      sha256: isSha256(hash) ? hash : null,
      gitSha1: isCommit(hash) ? hash : null,
      contents,
    };
  } catch {
    return null;
  }
}
