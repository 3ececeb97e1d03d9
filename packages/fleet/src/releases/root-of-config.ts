import { realpath } from "node:fs/promises";
import path from "node:path";
import { CURRENT, ReleaseFolder } from "./release-folder.js";

/**
 * Returns the folder of the releases that a config belongs to: ROOT for the path `ROOT/current/NAME` if `ROOT/current` is a
 * link to one of the releases of ROOT. Otherwise null. The result is a full path without links. Never rejects.
 */
export async function rootOfConfig(configPath: string): Promise<string | null> {
  const current = path.dirname(path.resolve(configPath));
  if (path.basename(current) !== CURRENT) return null;
  try {
    const folder = await ReleaseFolder.open(await realpath(path.dirname(current)));
    return (await folder.readCurrent()) === null ? null : folder.root;
  } catch {
    return null;
  }
}
