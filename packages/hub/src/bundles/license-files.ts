import { createHash } from "node:crypto";
import { readdir } from "node:fs/promises";
import path from "node:path";
import type { FoundModel } from "../caches/found-model.js";
import { readSmallFile } from "../files/read-small-file.js";
import { isSafeName } from "../files/safe-name.js";
import type { ModelStamp } from "../store/model-stamp.js";
import { LICENSE_FOLDER, MAX_LICENSE_BYTES, MAX_LICENSE_FILES } from "./bundle-manifest.js";

const LICENSE_NAME = /^(licen[cs]e|notice|use[_-]policy|copying)([._-]|$)/i;

/** A file with the license's text, ready to be written to a bundle. */
export interface LicenseText {
  /** `license/` and a name that no other has. */
  path: string;
  text: Buffer;
  sha256: string;
}

/** Reads the files with a model's license. Those that cannot be read, or have more than 1 MB, are left out. */
export async function readLicenseFiles(model: FoundModel, stamp: ModelStamp | null): Promise<LicenseText[]> {
  const files = new Set([...(stamp?.license_files ?? []), ...(model.licenseFiles ?? []), ...(await besides(model))]);
  const texts = new Map<string, LicenseText>();
  for (const file of [...files].slice(0, MAX_LICENSE_FILES)) {
    const text = await readSmallFile(file, MAX_LICENSE_BYTES).catch(() => null);
    if (text === null) continue;
    // Ollama names the files by their hash.
    const name = /^sha256-/.test(path.basename(file)) ? "LICENSE" : path.basename(file);
    let unique = name;
    for (let number = 2; texts.has(unique.toLowerCase()); number += 1) unique = `${name}-${number}`;
    if (!isSafeName(unique)) continue;
    const sha256 = createHash("sha256").update(text).digest("hex");
    texts.set(unique.toLowerCase(), { path: `${LICENSE_FOLDER}${unique}`, text, sha256 });
  }
  return [...texts.values()];
}

/** Returns the license files at the root of the snapshot that a model of Hugging Face's cache is in. */
async function besides({ place, file, files }: FoundModel): Promise<string[]> {
  if (place !== "hub-cache" || file === null) return [];
  const depth = file.split("/").length;
  const snapshot = path.resolve(files[0].path, ...Array.from({ length: depth }, () => ".."));
  const names = await readdir(snapshot).catch(() => []);
  return names.filter((name) => LICENSE_NAME.test(name)).map((name) => path.join(snapshot, name));
}
