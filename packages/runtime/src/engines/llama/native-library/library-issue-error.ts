import { EngineError } from "../../engine-error.js";
import { remoteEngineHint } from "../remote-engine-hint.js";
import type { LibraryIssue } from "./find-library-issue.js";
import { parseLibraryVersion } from "./library-version.js";
import { machineName } from "./machine-name.js";

/** Systems that meet the packages' requirements. */
const SYSTEMS = "Debian 12, 64-bit Raspberry Pi OS bookworm, or newer";

export interface FaultyPackage {
  name: string;
  /** Command that reinstalls the package. */
  reinstall: string;
}

/**
 * Returns the error for an issue, code `engine-unavailable`. If the loader's message is known, it becomes the reason.
 */
export function libraryIssueError(
  issue: LibraryIssue,
  { name, reinstall }: FaultyPackage,
  loading?: { reason?: string; cause: unknown },
): EngineError {
  const { message, reason, hint } = partsOf(issue, name, reinstall);
  return new EngineError({
    code: "engine-unavailable",
    message,
    reason: loading?.reason ?? reason,
    hint,
    cause: loading?.cause,
  });
}

function partsOf(issue: LibraryIssue, name: string, reinstall: string) {
  switch (issue.kind) {
    case "wrong-machine":
      return {
        message: `llama.cpp in ${name} is built for ${machineName(issue.machine)}, but this Node is built for ${machineName(issue.node)}.`,
        reason: `Read from the ELF header of ${issue.file}.`,
        hint: `Reinstall it: ${reinstall}`,
      };
    case "musl":
      return {
        message: `llama.cpp in ${name} is built for glibc, but this system's C library is musl.`,
        reason: issue.loader === null ? undefined : `The loader of this Node is ${issue.loader}.`,
        hint: remoteEngineHint(`Use a system with glibc: ${SYSTEMS}.`),
      };
    case "library-too-old":
      return {
        message: oldLibraryMessage(issue, name),
        reason: `${issue.file ?? name} needs ${issue.needed} of ${issue.libraryPath}. ${newestText(issue)}`,
        hint: remoteEngineHint(`Use a newer system: ${SYSTEMS}.`),
      };
    case "damaged-file":
      return {
        message: `llama.cpp in ${name} is damaged: ${issue.file} ${issue.reason}.`,
        reason: undefined,
        hint: `Reinstall it: ${reinstall}`,
      };
    case "no-permission":
      return {
        message: `llama.cpp in ${name} cannot be loaded: this user cannot read ${issue.file}.`,
        reason: undefined,
        hint: `Run this program as the user who installed the package${accessCommand(issue.folder)}`,
      };
  }
}

/** Command that gives all users access to a folder, for pasting into a shell. */
function accessCommand(folder: string): string {
  if (process.platform === "win32") return `, or allow this user to read ${folder}.`;
  const quoted = /^[\w@%+=:,./-]+$/.test(folder) ? folder : `'${folder.replaceAll("'", "'\\''")}'`;
  return `, or as that user run: chmod -R a+rX ${quoted}`;
}

/** Some glibc releases define no versions: glibc 2.31 defines at most GLIBC_2.30. */
function newestText({ newest, glibcVersion }: LibraryIssue & { kind: "library-too-old" }): string {
  if (newest === null) return "That library does not define it.";
  const library = newest.startsWith("GLIBC_") && glibcVersion !== null ? `glibc ${glibcVersion}` : "it";
  return `The newest version that ${library} defines is ${newest}.`;
}

function oldLibraryMessage(
  { library, needed, newest, glibcVersion }: LibraryIssue & { kind: "library-too-old" },
  name: string,
): string {
  const version = parseLibraryVersion(needed);
  if (version.name === "GLIBC" && version.numbers.length > 0) {
    const found = glibcVersion ?? (newest === null ? null : parseLibraryVersion(newest).numbers.join("."));
    const has = found === null ? "an older one" : found;
    return `llama.cpp in ${name} needs glibc ${version.numbers.join(".")} or newer, but this system has ${has}.`;
  }
  const what = library.startsWith("libstdc++") ? "the C++ library (libstdc++)" : library;
  return `llama.cpp in ${name} needs ${needed} of ${what}, but this system has ${newest ?? "no such version"}.`;
}
