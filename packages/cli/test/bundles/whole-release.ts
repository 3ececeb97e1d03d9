import { createHash } from "node:crypto";
import { readdir, readFile, readlink } from "node:fs/promises";
import path from "node:path";
import type { BundleManifest } from "@nanoagent/fleet/bundles";

/** Returns the sequence in use after comparing every file of it with its manifest. Null without a release. */
export async function wholeRelease(root: string): Promise<number | null> {
  const link = await readlink(path.join(root, "current")).catch(() => null);
  if (link === null) return null;
  const folder = path.join(root, link);
  const recordFile = path.join(root, "records", `${path.basename(link)}.json`);
  const record = JSON.parse(await readFile(recordFile, "utf8")) as { manifest: string };
  const manifest = JSON.parse(record.manifest) as BundleManifest;
  const found = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  if (found.length !== manifest.files.length) throw new Error(`${link} has ${found.length} files`);
  for (const file of manifest.files) {
    const hash = createHash("sha256").update(await readFile(path.join(folder, file.path)));
    if (hash.digest("hex") !== file.sha256) throw new Error(`${file.path} of ${link} differs`);
  }
  return manifest.sequence;
}
