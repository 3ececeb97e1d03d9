import { createRequire } from "node:module";
import path from "node:path";

/**
 * Loads llama.cpp's add-on directly, without nanoagent.
 *
 * @param {string} addonPackage folder of the package with the library
 * @returns {Promise<any>}
 */
export async function loadAddon(addonPackage) {
  const { getBinsDir } = await import(path.join(addonPackage, "dist/index.js"));
  const folder = path.join(getBinsDir().binsDir, path.basename(addonPackage));
  const addon = createRequire(import.meta.url)(path.join(folder, "llama-addon.node"));
  addon.markLoaded();
  addon.setLogger(() => {});
  addon.loadBackends();
  if (addon.getGpuType() === undefined) addon.loadBackends(folder);
  await addon.init();
  return addon;
}
