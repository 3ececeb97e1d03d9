import { existsSync } from "node:fs";
import nodeModule from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";

/**
 * Files of this program, nearest first, whose folders are searched for packages and programs: this module or its
 * bundle, and the script that was started. A CommonJS bundle has no `import.meta.url`, and webpack replaces it with the
 * path on the build machine, so files that do not exist are ignored.
 */
export function ownPlaces(): string[] {
  const files = [bundleFile(), toFile(import.meta.url), process.argv[1]];
  return [...new Set(files)].filter(
    (file) => file !== undefined && path.isAbsolute(file) && existsSync(file),
  ) as string[];
}

/** Returns the file of a CommonJS bundle. webpack evaluates `typeof __filename` as "string" in ES modules as well. */
function bundleFile(): string | undefined {
  try {
    return __filename;
  } catch {
    return undefined;
  }
}

/** Returns Node's `require` for a file. webpack would replace a named import of `createRequire`. */
export function requireFrom(file: string): NodeJS.Require {
  return nodeModule.createRequire(file);
}

/** Returns the path for a path or a `file:` URL, or undefined for other URLs. */
export function toFile(file: string | URL | undefined): string | undefined {
  if (file === undefined || (typeof file === "string" && !/^[a-z][a-z\d+.-]+:/i.test(file))) return file;
  try {
    return fileURLToPath(file);
  } catch {
    return undefined;
  }
}

/** Returns the unpacked copy of a file in an Electron archive if it exists, otherwise the file itself. */
export function outsideArchive(file: string): string {
  const unpacked = file.replace(/\.asar(?=[\\/])/, ".asar.unpacked");
  return unpacked !== file && existsSync(unpacked) ? unpacked : file;
}
