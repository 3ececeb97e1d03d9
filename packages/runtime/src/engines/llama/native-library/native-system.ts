import path from "node:path";
import type { ElfMachine } from "./read-elf.js";
import { readElfFile } from "./read-elf-file.js";

/**
 * Properties of a system that matter to a native library. Plain data, so that tests can use recordings of other
 * systems.
 */
export interface NativeSystem {
  /** Processor that the running Node is built for, or null if its binary cannot be read. */
  node: ElfMachine | null;
  /** C library of Node, or null for an unknown loader. */
  cLibrary: "glibc" | "musl" | null;
  /** Path of Node's program loader, such as `/lib64/ld-linux-x86-64.so.2`. */
  loader: string | null;
  /** Version of glibc, such as `2.36`, or null if Node does not report it. */
  glibcVersion: string | null;
  /** Libraries that Node has loaded, or that are in the standard folders, by name: `libstdc++.so.6`. */
  libraries: Partial<Record<string, SystemLibrary>>;
}

interface SystemLibrary {
  path: string;
  /** Versions that the library defines, such as `GLIBCXX_3.4.30`. */
  definedVersions: readonly string[];
}

/** System libraries whose versions decide whether a prebuilt library can be loaded. */
const SYSTEM_LIBRARIES = ["libc.so.6", "libm.so.6", "libstdc++.so.6", "libgcc_s.so.1"];

/** Folders that glibc's loader searches for libraries that Node has not loaded. */
const standardFolders: Partial<Record<string, readonly string[]>> = {
  x64: ["/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib64", "/usr/lib64"],
  arm64: ["/lib/aarch64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/lib64", "/usr/lib64"],
  arm: ["/lib/arm-linux-gnueabihf", "/usr/lib/arm-linux-gnueabihf"],
};

/** Reads the properties of the running Linux system in a few milliseconds, without DNS lookups. */
export function readNativeSystem(): NativeSystem {
  const program = readElfFile(process.execPath);
  const elf = program.status === "read" ? program.elf : null;
  const loader = elf?.interpreter ?? null;
  const { glibcVersion, loadedFiles } = readProcessReport();
  const libraries: NativeSystem["libraries"] = {};
  for (const name of SYSTEM_LIBRARIES) {
    const library = findLibrary(name, loadedFiles);
    if (library !== null) libraries[name] = library;
  }
  return {
    node: elf === null ? null : { bits: elf.bits, byteOrder: elf.byteOrder, machine: elf.machine },
    cLibrary: cLibraryOf(loader),
    loader,
    glibcVersion,
    libraries,
  };
}

/** Returns the C library of a program loader: `/lib/ld-musl-x86_64.so.1`, `/lib64/ld-linux-x86-64.so.2`. */
export function cLibraryOf(loader: string | null): NativeSystem["cLibrary"] {
  const name = path.posix.basename(loader ?? "");
  if (name.startsWith("ld-musl-")) return "musl";
  return /^ld(-linux|64|\.so|-\d)/.test(name) ? "glibc" : null;
}

/** Reads the C library and the loaded libraries from Node's diagnostic report. */
function readProcessReport(): { glibcVersion: string | null; loadedFiles: readonly string[] } {
  const { report } = process as { report?: typeof process.report & { excludeNetwork?: boolean } };
  // Bun and Deno may have no reports.
  if (report?.getReport === undefined) return { glibcVersion: null, loadedFiles: [] };
  const excludedNetwork = report.excludeNetwork;
  // A report resolves the peers of open connections, which queries a name server.
  if (excludedNetwork !== undefined) report.excludeNetwork = true;
  try {
    const { header, sharedObjects } = report.getReport() as {
      header?: { glibcVersionRuntime?: unknown };
      sharedObjects?: unknown;
    };
    const version = header?.glibcVersionRuntime;
    const files = Array.isArray(sharedObjects) ? sharedObjects.filter((file) => typeof file === "string") : [];
    return { glibcVersion: typeof version === "string" ? version : null, loadedFiles: files };
  } finally {
    if (excludedNetwork !== undefined) report.excludeNetwork = excludedNetwork;
  }
}

function findLibrary(name: string, loadedFiles: readonly string[]): SystemLibrary | null {
  // The loader prefers a library that is already loaded, wherever it is.
  const loaded = loadedFiles.filter((file) => path.posix.basename(file) === name);
  const standard = (standardFolders[process.arch] ?? []).map((folder) => path.posix.join(folder, name));
  for (const file of loaded.length > 0 ? loaded : standard) {
    const reading = readElfFile(file);
    if (reading.status === "read") return { path: file, definedVersions: reading.elf.definedVersions };
  }
  return null;
}
