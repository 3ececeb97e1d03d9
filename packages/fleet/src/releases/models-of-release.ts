import { realpath } from "node:fs/promises";
import path from "node:path";
import type { BundleModel } from "../bundle/bundle-manifest.js";
import { parseManifest } from "../bundle/parse-manifest.js";
import { ReleaseFolder } from "./release-folder.js";

/**
 * Returns the models that the signed manifest of a config's release names, for a config in a release: `ROOT/current/NAME`,
 * `ROOT/next/NAME` or `ROOT/releases/SEQUENCE/NAME`. Null for any other config. Never rejects.
 */
export async function modelsOfRelease(configPath: string): Promise<readonly BundleModel[] | null> {
  try {
    const release = await realpath(path.dirname(path.resolve(configPath)));
    const folder = await ReleaseFolder.open(path.dirname(path.dirname(release)));
    const record = await folder.readRecord(path.basename(release));
    if (record === null || folder.folderOf(record.sequence) !== release) return null;
    return parseManifest(new TextEncoder().encode(record.manifest)).models ?? [];
  } catch {
    return null;
  }
}
