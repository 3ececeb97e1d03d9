import { readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";

/** Unit of `stat`'s block count, in bytes, on every file system. */
const BLOCK_BYTES = 512;

/**
 * @typedef {object} InstalledSize
 * @property {number} bytes lengths of all files; the same on every file system
 * @property {number} diskBytes whole blocks that the files occupy on this disk
 * @property {number} packages
 */

/**
 * Returns the size of an installation.
 *
 * @param {string} folder with `node_modules`, installed by npm
 * @returns {InstalledSize}
 */
export function installedSize(folder) {
  const modules = path.join(folder, "node_modules");
  const visible = readdirSync(modules).filter((name) => !name.startsWith("."));
  const lockfile = JSON.parse(readFileSync(path.join(modules, ".package-lock.json"), "utf8"));
  const sizes = visible.map((name) => sizeBelow(path.join(modules, name)));
  return {
    bytes: sizes.reduce((sum, { bytes }) => sum + bytes, 0),
    diskBytes: sizes.reduce((sum, { diskBytes }) => sum + diskBytes, 0),
    packages: Object.keys(lockfile.packages).length,
  };
}

/** @param {string} folder @returns {{ bytes: number, diskBytes: number }} */
export function sizeBelow(folder) {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const facts = files.map((entry) => statSync(path.join(entry.parentPath, entry.name)));
  return {
    bytes: facts.reduce((sum, { size }) => sum + size, 0),
    diskBytes: facts.reduce((sum, { blocks }) => sum + blocks * BLOCK_BYTES, 0),
  };
}
