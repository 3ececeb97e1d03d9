import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { allowImportsFrom } from "./import-from-folder.mjs";

/** @typedef {"models" | "profiler" | "optimizer" | "hub" | "runtime" | "server" | "fleet" | "cli"} PackageName */

/** @type {readonly PackageName[]} */
export const packageNames = ["models", "profiler", "optimizer", "hub", "runtime", "server", "fleet", "cli"];

export const workspaceFolder = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../../..");

const BUILD_MILLISECONDS = 1_200_000;
const INSTALL_MILLISECONDS = 300_000;

/**
 * Packs the packages as they would be published. Builds them first if a build is missing or older than its source.
 *
 * @param {import("./workbench.mjs").Workbench} workbench
 * @param {(what: string) => void} progress
 * @returns {Promise<Record<PackageName, string>>} the tarballs
 */
export async function packPackages(workbench, progress) {
  const options = { cwd: workspaceFolder, environment: process.env, timeLimitMilliseconds: BUILD_MILLISECONDS };
  if (!packageNames.every(isBuilt)) {
    progress("building the packages");
    await workbench.run("pnpm", ["build"], options);
  }
  progress("packing the packages");
  const destination = workbench.makeFolder("tarballs");
  const tarballs = /** @type {Record<PackageName, string>} */ ({});
  for (const name of packageNames) {
    const cwd = path.join(workspaceFolder, "packages", name);
    const { stdout } = await workbench.run("pnpm", ["pack", "--json", "--pack-destination", destination], {
      ...options,
      cwd,
    });
    tarballs[name] = path.resolve(destination, JSON.parse(stdout).filename);
  }
  return tarballs;
}

/**
 * Installs packages into a folder as a user would, by name and version or from tarballs.
 *
 * @param {import("./workbench.mjs").Workbench} workbench
 * @param {string} folder
 * @param {readonly string[]} packages
 */
export async function installPackages(workbench, folder, packages) {
  writeFileSync(path.join(folder, "package.json"), '{ "private": true }\n');
  const flags = ["--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--save-exact"];
  // Fails soon without a network.
  flags.push("--fetch-retry-mintimeout=500", "--fetch-retry-maxtimeout=2000");
  await workbench.run("npm", ["install", ...flags, ...packages], {
    cwd: folder,
    environment: process.env,
    timeLimitMilliseconds: INSTALL_MILLISECONDS,
  });
  allowImportsFrom(folder);
}

/** @param {PackageName} name */
function isBuilt(name) {
  const folder = path.join(workspaceFolder, "packages", name);
  const manifest = JSON.parse(readFileSync(path.join(folder, "package.json"), "utf8"));
  const entries = [
    ...Object.values(manifest.publishConfig?.exports ?? {}).map((target) => target.default ?? target),
    ...Object.values(manifest.bin ?? {}),
  ];
  const built = entries.filter((entry) => entry?.endsWith(".js")).map((entry) => path.join(folder, entry));
  if (!built.every((file) => existsSync(file))) return false;
  const oldest = Math.min(...built.map((file) => statSync(file).mtimeMs));
  return filesBelow(path.join(folder, "src")).every((file) => statSync(file).mtimeMs <= oldest);
}

/** @param {string} folder @returns {string[]} */
function filesBelow(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name));
}
