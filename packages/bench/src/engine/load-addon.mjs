import { createRequire } from "node:module";
import path from "node:path";

/**
 * llama.cpp's add-on, ready for use and without anything of nanoagent's around it.
 *
 * @param {string} addonPackage where the package with the library is
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
