import { constants, copyFile, link, lstat, readlink, rename, rm, symlink } from "node:fs/promises";
import path from "node:path";
import type { HubEnvironment } from "../environment/hub-environment.js";
import { makeFolder } from "../files/make-folder.js";
import { readSmallFile } from "../files/read-small-file.js";
import { replaceFile, syncFolder } from "../files/replace-file.js";
import { isCommit, isSafePath, isSha256 } from "../files/safe-name.js";
import { errnoOf, storeUnusable } from "../files/store-unusable.js";
import { HubError } from "../hub-error.js";
import { isRepository } from "../names/name-rules.js";

/** Errors of file systems and accounts that cannot create symbolic links. */
const WITHOUT_SYMLINKS = new Set(["EPERM", "EACCES", "ENOSYS", "EOPNOTSUPP", "ENOTSUP", "EINVAL", "UNKNOWN"]);
const MAX_REFERENCE_BYTES = 1_024;

type Cache = Pick<HubEnvironment, "hubCache">;

/** A file in a repository, and the blob with its contents. */
export interface SnapshotFile {
  /** `org/repo`. */
  repository: string;
  /** 40 hex digits. */
  commit: string;
  /** Branch or tag to set to the commit: `main`; null: none. */
  reference: string | null;
  /** Path in the repository, with slashes. */
  path: string;
  /** Absolute path of the blob: {@link blobPath}. */
  blob: string;
}

export interface PlaceOptions {
  /** Creates a symbolic link. Default: that of `node:fs`. */
  symlink?: (target: string, path: string) => Promise<void>;
}

/** Returns the folder of a repository: `models--org--repo` in the cache. */
export function repositoryFolder({ hubCache }: Cache, repository: string): string {
  const names = repository.split("/");
  if (!isRepository(repository)) {
    failPath(`"${repository}" cannot be the name of a folder in the cache.`);
  }
  return path.join(hubCache, `models--${names.join("--")}`);
}

/** Returns the path of a file's contents, named by their SHA-256, or by the SHA-1 of a git blob. */
export function blobPath(
  cache: Cache,
  repository: string,
  { sha256, gitSha1 }: { sha256: string | null; gitSha1: string | null },
): string {
  const hash = sha256 ?? gitSha1;
  if (hash === null || !(isSha256(hash) || isCommit(hash)))
    failPath("A file without a hash has no place in the cache.");
  return path.join(repositoryFolder(cache, repository), "blobs", hash);
}

/** Returns the path of a file in a snapshot. */
export function snapshotPath(cache: Cache, repository: string, commit: string, file: string): string {
  if (!isCommit(commit)) failPath(`"${commit}" is not a commit.`);
  if (!isSafePath(file)) failPath(`"${file}" cannot be the path of a file in the cache.`);
  return path.join(repositoryFolder(cache, repository), "snapshots", commit, ...file.split("/"));
}

/**
 * Gives a blob its name in a snapshot, and sets the reference to the commit. Returns the path in the snapshot: a
 * relative link to the blob, or, where links cannot be created, the file itself. An existing entry is replaced.
 */
export async function placeSnapshot(
  environment: Cache,
  file: SnapshotFile,
  { symlink: createLink = symlink }: PlaceOptions = {},
): Promise<string> {
  const { repository, commit, reference, blob } = file;
  const target = snapshotPath(environment, repository, commit, file.path);
  try {
    await makeFolder(path.dirname(target));
    await placeLink(blob, target, createLink);
    await syncFolder(path.dirname(target));
    if (reference !== null) await writeReference(environment, repository, reference, commit);
  } catch (error) {
    throw storeUnusable(`${target} cannot be created.`, target, error);
  }
  return target;
}

async function placeLink(
  blob: string,
  target: string,
  createLink: NonNullable<PlaceOptions["symlink"]>,
): Promise<void> {
  const relative = path.relative(path.dirname(target), blob);
  if ((await readlink(target).catch(() => null)) === relative) return;
  // The new entry replaces an old one in a single step, so a reader always finds a file.
  const temporary = `${target}.${process.pid}.nanoagent-part`;
  await rm(temporary, { force: true });
  try {
    try {
      await createLink(relative, temporary);
    } catch (error) {
      if (!WITHOUT_SYMLINKS.has(errnoOf(error) ?? "UNKNOWN")) throw error;
      // A file system may lack hard links as well. The blob then moves, as Hugging Face's client does it.
      await link(blob, temporary).catch(() => moveFile(blob, temporary));
    }
    await rename(temporary, target);
    // `rename` does nothing if both names are links to one file.
    await rm(temporary, { force: true });
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw error;
  }
}

/** Moves a file, also to another file system. */
async function moveFile(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if (errnoOf(error) !== "EXDEV") throw error;
    await copyFile(from, to, constants.COPYFILE_EXCL);
    await rm(from, { force: true });
  }
}

/** Sets a branch or tag to a commit, in one step. */
export async function writeReference(
  cache: Cache,
  repository: string,
  reference: string,
  commit: string,
): Promise<void> {
  if (!isSafePath(reference)) failPath(`"${reference}" cannot be the name of a branch in the cache.`);
  const file = path.join(repositoryFolder(cache, repository), "refs", ...reference.split("/"));
  if ((await readReference(file)) === commit) return;
  await makeFolder(path.dirname(file));
  await replaceFile(file, commit);
}

/** Returns the commit in a file of `refs`; null if it has none. */
export async function readReference(file: string): Promise<string | null> {
  const text = await readSmallFile(file, MAX_REFERENCE_BYTES).catch(() => null);
  const commit = text?.toString("utf8").trim() ?? "";
  return isCommit(commit) ? commit : null;
}

/** Whether something has this name, be it a broken link. */
export async function isTaken(file: string): Promise<boolean> {
  return (await lstat(file).catch(() => null)) !== null;
}

function failPath(message: string): never {
  throw new HubError({
    code: "store-unusable",
    message,
    reason: "Names with .., with separators or with control characters could lead outside the store.",
    hint: "Check the name, for example org/repo:Q4_K_M.",
  });
}
