import { constants } from "node:fs";
import { access, open, readdir, realpath, stat } from "node:fs/promises";
import path from "node:path";

/** Installation state of a package, as visible to this user. */
export type PackageState =
  | { status: "absent" }
  | { status: "present"; folder: string }
  /** A folder on the path cannot be entered, so the package may be there. */
  | { status: "hidden"; folder: string };

/** Most files and folders of a package to check. llama.cpp's package for x64 has thirty. */
const MAX_ENTRIES = 512;

/** Searches for a package's folder as Node does: in `node_modules` of the folders above `file`, nearest first. */
export async function inspectPackage(packageName: string, file: string): Promise<PackageState> {
  let hidden: PackageState | null = null;
  for (let folder = path.dirname(file); ; folder = path.dirname(folder)) {
    const candidate = path.join(folder, "node_modules", packageName);
    try {
      if ((await stat(candidate)).isDirectory()) return { status: "present", folder: await realpath(candidate) };
    } catch (error) {
      if (isForbidden(error)) hidden ??= { status: "hidden", folder: await closedFolder(candidate) };
    }
    if (folder === path.dirname(folder)) return hidden ?? { status: "absent" };
  }
}

/** Returns the first file or folder of a package that this user cannot read, or null. */
export async function findUnreadable(folder: string): Promise<string | null> {
  const left = [folder];
  for (let count = 0; count < MAX_ENTRIES; count++) {
    const entry = left.pop();
    if (entry === undefined) return null;
    try {
      const entries = await readdir(entry, { withFileTypes: true });
      await access(entry, constants.X_OK);
      for (const each of entries) {
        const file = path.join(entry, each.name);
        if (each.isDirectory()) left.push(file);
        else if (each.isFile()) await (await open(file, "r")).close();
      }
    } catch (error) {
      if (isForbidden(error)) return (error as NodeJS.ErrnoException).path ?? entry;
    }
  }
  return null;
}

/** Returns the outermost folder on a path that cannot be entered. */
async function closedFolder(target: string): Promise<string> {
  const parent = path.dirname(target);
  if (parent === target) return target;
  try {
    await stat(parent);
    return parent;
  } catch {
    return closedFolder(parent);
  }
}

function isForbidden(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === "EACCES" || code === "EPERM";
}
