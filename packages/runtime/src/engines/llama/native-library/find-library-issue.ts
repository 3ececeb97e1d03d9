import { compareLibraryVersions, newestOf, parseLibraryVersion } from "./library-version.js";
import type { NativeSystem } from "./native-system.js";
import type { ElfFacts, ElfMachine } from "./read-elf.js";
import type { NativeFile } from "./read-native-files.js";

/** Reason why a system cannot load the native files of a package. */
export type LibraryIssue =
  | { kind: "wrong-machine"; file: string; machine: ElfMachine; node: ElfMachine }
  | { kind: "musl"; loader: string | null }
  | {
      kind: "library-too-old";
      /** File that needs the version, or null if the package is not installed. */
      file: string | null;
      library: string;
      libraryPath: string;
      needed: string;
      /** Newest version of the same name in the library. */
      newest: string | null;
      glibcVersion: string | null;
    }
  | { kind: "damaged-file"; file: string; reason: string }
  /** This user cannot read `file`, a path. The permissions of `folder` must change. */
  | { kind: "no-permission"; file: string; folder: string };

/** Version names in the order in which missing versions are reported, C library first. */
const VERSION_NAMES = ["GLIBC", "GLIBCXX", "CXXABI", "GCC"];

/**
 * Returns the first reason why this system cannot load these files, or null. Follows the rules of glibc's loader: each
 * version that a file needs must be defined by the library of that name. A library that was not found on the system
 * proves nothing.
 */
export function findLibraryIssue(files: readonly NativeFile[], system: NativeSystem): LibraryIssue | null {
  const read = files.flatMap(({ name, reading }) => (reading.status === "read" ? [{ name, elf: reading.elf }] : []));
  return (
    findWrongMachine(read, system) ??
    findOldLibrary(
      read.flatMap(({ name, elf }) => elf.neededVersions.map((needed) => ({ ...needed, file: name }))),
      system,
    ) ??
    findDamagedFile(files)
  );
}

function findWrongMachine(
  files: readonly { name: string; elf: ElfFacts }[],
  { node }: NativeSystem,
): LibraryIssue | null {
  if (node === null) return null;
  const wrong = files.find(
    ({ elf }) => elf.machine !== node.machine || elf.bits !== node.bits || elf.byteOrder !== node.byteOrder,
  );
  if (wrong === undefined) return null;
  const { bits, byteOrder, machine } = wrong.elf;
  return { kind: "wrong-machine", file: wrong.name, machine: { bits, byteOrder, machine }, node };
}

/** Returns the most informative version that this system lacks, or null if it has all of them. */
export function findOldLibrary(
  needed: readonly { library: string; version: string; file: string | null }[],
  system: NativeSystem,
): LibraryIssue | null {
  if (system.cLibrary === "musl") {
    return needed.some(({ library }) => library === "libc.so.6") ? { kind: "musl", loader: system.loader } : null;
  }
  const lacking = needed.filter(({ library, version }) => {
    const found = system.libraries[library];
    return found !== undefined && !found.definedVersions.includes(version);
  });
  const [first] = lacking.sort(
    (one, other) => rankOf(one.version) - rankOf(other.version) || compareLibraryVersions(other.version, one.version),
  );
  if (first === undefined) return null;
  const found = system.libraries[first.library];
  return {
    kind: "library-too-old",
    file: first.file,
    library: first.library,
    libraryPath: found?.path ?? first.library,
    needed: first.version,
    newest: newestOf(first.version, found?.definedVersions ?? []),
    glibcVersion: system.glibcVersion,
  };
}

function rankOf(version: string): number {
  const rank = VERSION_NAMES.indexOf(parseLibraryVersion(version).name);
  return rank < 0 ? VERSION_NAMES.length : rank;
}

/**
 * Whether a file is a processor variant that llama.cpp skips because the loader rejects it at once: an empty file, or
 * one that is not a library. A file truncated after its headers crashes the process instead.
 */
function isPassedOver({ name, reading }: NativeFile): boolean {
  const isVariant = /^libggml-cpu-.*\.so$/.test(name);
  return (
    isVariant && reading.status === "damaged" && /too few for an ELF header|is not an ELF file/.test(reading.reason)
  );
}

function findDamagedFile(given: readonly NativeFile[]): LibraryIssue | null {
  const files = given.filter((file) => !isPassedOver(file));
  // If no variant is left, report the damaged one.
  if (!files.some(({ name }) => /^libggml-cpu.*\.so$/.test(name)) && files.length < given.length)
    return findFault(given);
  return findFault(files);
}

function findFault(files: readonly NativeFile[]): LibraryIssue | null {
  for (const { name, reading } of files) {
    if (reading.status !== "read") return { kind: "damaged-file", file: name, reason: reading.reason };
  }
  const missing = REQUIRED_FILES.find(({ pattern }) => !files.some(({ name }) => pattern.test(name)));
  if (missing !== undefined) return { kind: "damaged-file", file: missing.name, reason: "is missing" };
  const names = new Set(files.map(({ name }) => name));
  for (const { reading } of files) {
    const absent =
      reading.status === "read" && reading.elf.neededLibraries.find((name) => isOwn(name) && !names.has(name));
    if (absent) return { kind: "damaged-file", file: absent, reason: "is missing" };
  }
  return null;
}

/** Files without which no model runs. Every package has at least one processor library, with varying names. */
const REQUIRED_FILES = [
  { name: "llama-addon.node", pattern: /^llama-addon\.node$/ },
  { name: "libggml-cpu*.so", pattern: /^libggml-cpu.*\.so$/ },
];

/** Whether a library belongs to llama.cpp, so that the package must contain it. */
function isOwn(library: string): boolean {
  return /^lib(llama|ggml)[-.]/.test(library);
}
