import { writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

/** Imports a package by its name. @typedef {(specifier: string) => Promise<any>} Import */

const MODULE_NAME = "import-from-here.mjs";

/** Prepares a folder with `node_modules` for {@link importFromFolder}. @param {string} folder */
export function allowImportsFrom(folder) {
  writeFileSync(path.join(folder, MODULE_NAME), "export const importFromHere = (specifier) => import(specifier);\n");
}

/**
 * Returns an `import` that finds the packages installed in `folder`. Node resolves a name from the module with the
 * `import()`, so that module is in the folder.
 *
 * @param {string} folder
 * @returns {Promise<Import>}
 */
export async function importFromFolder(folder) {
  const { importFromHere } = await import(pathToFileURL(path.join(folder, MODULE_NAME)).href);
  return importFromHere;
}
