import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

/** Folder of the program, from which all packages resolve. */
const require = createRequire(new URL("../../../cli/package.json", import.meta.url));

/** Imports a built package of the workspace. @param {string} specifier @returns {Promise<any>} */
export function importOwn(specifier) {
  return import(pathToFileURL(require.resolve(specifier)).href);
}
