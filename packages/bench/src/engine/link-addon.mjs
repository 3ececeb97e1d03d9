import { existsSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { importFromFolder } from "../import-from-folder.mjs";

/**
 * Links the workspace's llama.cpp package into folders, where their installed packages look for it.
 *
 * @param {string} libraries folder with the runtime
 * @param {readonly string[]} [others] further folders
 * @returns {Promise<string>} folder of the package with the library
 */
export async function linkAddon(libraries, others = []) {
  const { addonPackage } = await (await importFromFolder(libraries))("@nanoagent/runtime/engines/llama");
  const name = addonPackage();
  // Its entry is dist/index.js; the scope's folder is three steps up.
  const scope = path.resolve(createRequire(import.meta.url).resolve(name), "../../..");
  for (const folder of [libraries, ...others]) {
    const link = path.join(folder, "node_modules", path.dirname(name));
    if (!existsSync(link)) symlinkSync(scope, link);
  }
  return path.join(libraries, "node_modules", name);
}
