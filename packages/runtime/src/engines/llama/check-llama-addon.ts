import { stat } from "node:fs/promises";
import path from "node:path";
import { cutText } from "@nanoagent/models";
import { EngineError } from "../engine-error.js";
import { addonPackage, findLlamaAddon, installedPackage } from "./find-llama-addon.js";
import { LLAMA_REQUIREMENTS } from "./llama-requirements.js";
import { findLibraryIssue, findOldLibrary, type LibraryIssue } from "./native-library/find-library-issue.js";
import { findUnreadable } from "./native-library/inspect-package.js";
import { libraryIssueError } from "./native-library/library-issue-error.js";
import { type NativeSystem, readNativeSystem } from "./native-library/native-system.js";
import { readNativeFiles } from "./native-library/read-native-files.js";
import { remoteEngineHint } from "./remote-engine-hint.js";

/** Longest loader message that an error shows, in characters. */
const MAX_LOADER_MESSAGE_CHARACTERS = 500;

export interface LlamaAddonCheck {
  /** System that will load the add-on, or null if it is not Linux. Default: this system. */
  system?: NativeSystem | null | undefined;
}

/**
 * Returns the add-on's folder after checking that this system can load its files: processor, C and C++ library
 * versions, and completeness. Reads only headers and takes about 10 ms. Throws {@link EngineError}
 * `engine-unavailable`.
 */
export async function checkLlamaAddon({ system }: LlamaAddonCheck = {}): Promise<string> {
  const folder = await findLlamaAddon().catch((error: unknown) => {
    throw explainMissingAddon(error, system);
  });
  const issue = await findIssue(folder, system);
  if (issue !== null) throw libraryIssueError(issue, installedPackage(addonPackage()));
  return folder;
}

/**
 * Returns the error for a package that cannot be found or imported. If the system could not load it anyway, the error
 * reports that instead of recommending an install.
 */
export function explainMissingAddon(error: unknown, system?: NativeSystem | null): unknown {
  if (!EngineError.isInstance(error)) return error;
  const known = orThisSystem(system);
  if (known === null) return error;
  const issue = findUnmetRequirement(known);
  return issue === null || !hasPackage() ? error : libraryIssueError(issue, installedPackage(addonPackage()));
}

/** Returns the error for an add-on that the system failed to load, with the loader's message as the reason. */
export async function explainLoadFailure(folder: string, cause: unknown): Promise<EngineError> {
  const reason = cutText(cause instanceof Error ? cause.message : String(cause), MAX_LOADER_MESSAGE_CHARACTERS);
  const issue = await findIssue(folder, undefined);
  if (issue !== null) return libraryIssueError(issue, installedPackage(addonPackage()), { reason, cause });
  return new EngineError({
    code: "engine-unavailable",
    message: `This system cannot load llama.cpp in ${addonPackage()}.`,
    reason,
    hint: remoteEngineHint(wayOut(cause, reason)),
    cause,
  });
}

function wayOut(cause: unknown, reason: string): string {
  if ((cause as { code?: unknown } | null)?.code === "ERR_DLOPEN_DISABLED") return "Start Node with --allow-addons.";
  // The loader reports this for a file system mounted with noexec.
  if (/failed to map segment/i.test(reason))
    return "Install the package on a file system that is not mounted with noexec.";
  return "Fix the problem named in the reason.";
}

/** Returns the error for a process that crashed while loading the add-on: the problem with its files, or `error`. */
export async function explainCrash(error: unknown): Promise<unknown> {
  const folder = await findLlamaAddon().catch(() => null);
  const issue = folder === null ? null : await findIssue(folder, undefined);
  if (issue === null) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return libraryIssueError(issue, installedPackage(addonPackage()), { reason, cause: error });
}

async function findIssue(folder: string, system: NativeSystem | null | undefined): Promise<LibraryIssue | null> {
  const known = orThisSystem(system);
  const issue = known === null ? await findMissingFile(folder) : findLibraryIssue(await readNativeFiles(folder), known);
  if (issue?.kind !== "damaged-file" && issue?.kind !== "wrong-machine") return issue;
  // Check the system first: reinstalling or changing permissions does not help if it could not load an intact package.
  return (known === null ? null : findUnmetRequirement(known)) ?? (await findClosedFile(folder)) ?? issue;
}

/** Systems other than Linux do not use ELF. */
async function findMissingFile(folder: string): Promise<LibraryIssue | null> {
  const file = "llama-addon.node";
  const isThere = (await stat(path.join(folder, file)).catch(() => null))?.isFile() === true;
  return isThere ? null : { kind: "damaged-file", file, reason: "is missing" };
}

function findUnmetRequirement(system: NativeSystem): LibraryIssue | null {
  return findOldLibrary(
    LLAMA_REQUIREMENTS.map((needed) => ({ ...needed, file: null })),
    system,
  );
}

async function findClosedFile(folder: string): Promise<LibraryIssue | null> {
  const packageFolder = path.resolve(folder, "../..");
  const file = await findUnreadable(packageFolder);
  return file === null ? null : { kind: "no-permission", file, folder: packageFolder };
}

function orThisSystem(system: NativeSystem | null | undefined): NativeSystem | null {
  if (system !== undefined) return system;
  return process.platform === "linux" ? readNativeSystem() : null;
}

function hasPackage(): boolean {
  try {
    addonPackage();
    return true;
  } catch {
    return false;
  }
}
