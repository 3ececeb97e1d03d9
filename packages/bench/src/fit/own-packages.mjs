import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

/** The program's folder: all packages are found from there. */
const require = createRequire(new URL("../../../cli/package.json", import.meta.url));

/** Imports a package of the workspace as it was built. @param {string} specifier @returns {Promise<any>} */
export function importOwn(specifier) {
  return import(pathToFileURL(require.resolve(specifier)).href);
}
