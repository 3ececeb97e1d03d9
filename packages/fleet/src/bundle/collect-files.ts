import type { Dirent } from "node:fs";
import { readdir } from "node:fs/promises";
import path from "node:path";
import { MAX_FILES } from "./bundle-manifest.js";
import { shown } from "./check-fields.js";
import { problemOfPath } from "./file-paths.js";
import { notCreated } from "./not-created.js";

const WHAT = "cannot be created";

/**
 * Returns the paths of all files of a folder and its folders, with slashes, in the order of their bytes. Throws `FleetError`
 * (`bundle-not-created`) for links, devices, sockets and pipes, and for names that a bundle may not contain.
 */
export async function collectFiles(folder: string): Promise<readonly string[]> {
  const files: string[] = [];
  const folders = [""];
  for (let next = folders.pop(); next !== undefined; next = folders.pop()) {
    const entries = await readdir(path.join(folder, next), { withFileTypes: true, encoding: "buffer" });
    for (const entry of entries) {
      const name = checkName(next, entry);
      if (entry.isDirectory()) folders.push(name);
      else files.push(name);
      if (files.length > MAX_FILES) {
        throw notCreated(WHAT, {
          reason: `The folder has more than ${MAX_FILES} files.`,
          hint: "Keep only config, skills, and the files of tools in it. Models are not in a bundle.",
        });
      }
    }
  }
  return files.sort((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)));
}

/** Returns the path of an entry of a folder. Throws if it cannot be in a bundle. */
function checkName(folder: string, entry: Dirent<Buffer>): string {
  const base = entry.name.toString("utf8");
  const name = folder === "" ? base : `${folder}/${base}`;
  const problem = Buffer.from(base, "utf8").equals(entry.name) ? problemOfPath(name) : "is not UTF-8";
  if (problem !== null) throw notCreated(WHAT, { reason: `The path ${shown(name)} ${problem}.`, hint: "Rename it." });
  if (entry.isDirectory() || entry.isFile()) return name;
  const kind = entry.isSymbolicLink() ? "a link" : "not a regular file";
  throw notCreated(WHAT, {
    reason: `${shown(name)} is ${kind}. A bundle contains only files.`,
    hint: entry.isSymbolicLink() ? "Put a copy of the file into the folder." : "Remove it from the folder.",
  });
}
