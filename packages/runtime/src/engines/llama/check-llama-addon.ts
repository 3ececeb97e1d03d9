import { stat } from "node:fs/promises";
import path from "node:path";
import { EngineError } from "../engine-error.js";
import { addonPackage, findLlamaAddon, installedPackage } from "./find-llama-addon.js";
import { LLAMA_REQUIREMENTS } from "./llama-requirements.js";
import { findLibraryFault, findOldLibrary, type LibraryFault } from "./native-library/find-library-fault.js";
import { findUnreadable } from "./native-library/inspect-package.js";
import { libraryFaultError } from "./native-library/library-fault-error.js";
import { type NativeSystem, readNativeSystem } from "./native-library/native-system.js";
import { readNativeFiles } from "./native-library/read-native-files.js";
import { remoteEngineHint } from "./remote-engine-hint.js";

/** Longest message of the system's loader that an error shows, in characters. */
const MAX_LOADER_MESSAGE_CHARACTERS = 500;

export interface LlamaAddonCheck {
  /** The system that is to load it; null where the operating system is not Linux. Default: this one. */
  system?: NativeSystem | null | undefined;
}

/**
 * Returns the folder of the add-on after a check that this system can load its files: their processor, the versions of
 * the C and C++ libraries that they need, and that they are whole. It reads headers and loads nothing; about ten
 * milliseconds. Throws {@link EngineError} `engine-unavailable`, which says what is wrong and what to do.
 */
export async function checkLlamaAddon({ system }: LlamaAddonCheck = {}): Promise<string> {
  const folder = await findLlamaAddon().catch((error: unknown) => {
    throw explainMissingAddon(error, system);
  });
  const fault = await findFault(folder, system);
  if (fault !== null) throw libraryFaultError(fault, installedPackage(addonPackage()));
  return folder;
}

/** Returns the error for a package that cannot be found or imported: where it could not be loaded, an install would not help. */
export function explainMissingAddon(error: unknown, system?: NativeSystem | null): unknown {
  if (!EngineError.isInstance(error)) return error;
  const known = orThisSystem(system);
  if (known === null) return error;
  const fault = findUnmetRequirement(known);
  return fault === null || !hasPackage() ? error : libraryFaultError(fault, installedPackage(addonPackage()));
}

/** Returns the error for an add-on that the system has refused to load, with the loader's own message as its reason. */
export async function explainLoadFailure(folder: string, cause: unknown): Promise<EngineError> {
  const reason = (cause instanceof Error ? cause.message : String(cause)).slice(0, MAX_LOADER_MESSAGE_CHARACTERS);
  const fault = await findFault(folder, undefined);
  if (fault !== null) return libraryFaultError(fault, installedPackage(addonPackage()), { reason, cause });
  return new EngineError({
    code: "engine-unavailable",
    message: `This system cannot load llama.cpp in ${addonPackage()}.`,
    reason,
    hint: remoteEngineHint("Give the system what the reason names."),
    cause,
  });
}

/** Returns the error for a process that ended as it loaded the add-on: the fault of the add-on's files, or `error` itself. */
export async function explainCrash(error: unknown): Promise<unknown> {
  const folder = await findLlamaAddon().catch(() => null);
  const fault = folder === null ? null : await findFault(folder, undefined);
  if (fault === null) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return libraryFaultError(fault, installedPackage(addonPackage()), { reason, cause: error });
}

async function findFault(folder: string, system: NativeSystem | null | undefined): Promise<LibraryFault | null> {
  const known = orThisSystem(system);
  const fault = known === null ? await findMissingFile(folder) : findLibraryFault(await readNativeFiles(folder), known);
  if (fault?.kind !== "damaged-file" && fault?.kind !== "wrong-machine") return fault;
  // A new copy or other permissions would cure it, except where the system cannot load a whole package either.
  return (known === null ? null : findUnmetRequirement(known)) ?? (await findClosedFile(folder)) ?? fault;
}

/** Other systems than Linux have other formats than ELF. */
async function findMissingFile(folder: string): Promise<LibraryFault | null> {
  const file = "llama-addon.node";
  const isThere = (await stat(path.join(folder, file)).catch(() => null))?.isFile() === true;
  return isThere ? null : { kind: "damaged-file", file, problem: "is missing" };
}

function findUnmetRequirement(system: NativeSystem): LibraryFault | null {
  return findOldLibrary(
    LLAMA_REQUIREMENTS.map((needed) => ({ ...needed, file: null })),
    system,
  );
}

async function findClosedFile(folder: string): Promise<LibraryFault | null> {
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
