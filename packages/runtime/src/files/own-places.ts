import { existsSync } from "node:fs";
import nodeModule from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";

/**
 * Files of this program, the nearest first, from whose folders packages and programs are looked for: this module or the
 * bundle that it went into, and the script that was started. A bundle as CommonJS has no `import.meta.url`, and webpack
 * writes the place on the building machine there, so a file that does not exist is left out.
 */
export function ownPlaces(): string[] {
  const files = [bundleFile(), toFile(import.meta.url), process.argv[1]];
  return [...new Set(files)].filter(
    (file) => file !== undefined && path.isAbsolute(file) && existsSync(file),
  ) as string[];
}

/** The file of a CommonJS bundle. webpack takes `typeof __filename` for "string" in an ES module too. */
function bundleFile(): string | undefined {
  try {
    return __filename;
  } catch {
    return undefined;
  }
}

/** Returns Node's `require` for a file. webpack replaces a `createRequire` that is imported by its name. */
export function requireFrom(file: string): NodeJS.Require {
  return nodeModule.createRequire(file);
}

/** Returns the path of a file that is given as a path or as a `file:` URL; undefined for other URLs. */
export function toFile(file: string | URL | undefined): string | undefined {
  if (file === undefined || (typeof file === "string" && !/^[a-z][a-z\d+.-]+:/i.test(file))) return file;
  try {
    return fileURLToPath(file);
  } catch {
    return undefined;
  }
}

/** Returns where a file of an Electron archive lies beside it, if it was left out of it; otherwise the file itself. */
export function outsideArchive(file: string): string {
  const unpacked = file.replace(/\.asar(?=[\\/])/, ".asar.unpacked");
  return unpacked !== file && existsSync(unpacked) ? unpacked : file;
}
