import { existsSync, readFileSync, renameSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import { installPackages } from "./packed-packages.mjs";

/** @typedef {import("./workbench.mjs").Workbench} Workbench */
/** @typedef {import("./packed-packages.mjs").PackageName} PackageName */

/** Packages of a user who installs the runtime, the CLI, or all libraries. */
const installations = {
  runtime: /** @type {PackageName[]} */ (["runtime", "models"]),
  cli: /** @type {PackageName[]} */ (["cli"]),
  libraries: /** @type {PackageName[]} */ (["models", "profiler", "optimizer", "hub", "runtime", "server", "fleet"]),
};

/** Folders with nanoagent installed, by installation. @typedef {Record<keyof typeof installations, string>} OwnFolders */

/**
 * @param {Workbench} workbench
 * @param {Record<PackageName, string>} tarballs
 * @param {(what: string) => void} progress
 * @returns {Promise<OwnFolders>}
 */
export async function installOwnPackages(workbench, tarballs, progress) {
  const folders = /** @type {OwnFolders} */ ({});
  for (const [name, packages] of /** @type {[keyof OwnFolders, PackageName[]][]} */ (Object.entries(installations))) {
    progress(`installing ${packages.join(", ")} from the tarballs`);
    folders[name] = workbench.makeFolder(`installed-${name}`);
    await installPackages(
      workbench,
      folders[name],
      packages.map((packageName) => tarballs[packageName]),
    );
  }
  return folders;
}

/** Returns the main file of the program that is installed in a folder. @param {string} folder */
export function programFile(folder) {
  const packageFolder = path.join(folder, "node_modules/@nanoagent/cli");
  const { bin } = JSON.parse(readFileSync(path.join(packageFolder, "package.json"), "utf8"));
  return path.join(packageFolder, bin.nanoagent);
}

/**
 * Installs a peer in the cache folder, unless it is already there.
 *
 * @param {Workbench} workbench
 * @param {string} name
 * @param {Readonly<Record<string, string>>} packages
 * @param {(what: string) => void} progress
 * @returns {Promise<string>} the folder
 */
export async function installPeer(workbench, name, packages, progress) {
  const versions = Object.values(packages).join("-");
  const folder = path.join(cacheFolder(), `${name}-${versions}-node${process.versions.node.split(".")[0]}`);
  if (existsSync(folder)) return folder;
  progress(`installing ${name}`);
  const unfinished = `${folder}.${process.pid}`;
  await workbench.fillFolder(unfinished, async () => {
    const wanted = Object.entries(packages).map(([packageName, version]) => `${packageName}@${version}`);
    await installPackages(workbench, unfinished, wanted);
    renameSync(unfinished, folder);
  });
  return folder;
}

function cacheFolder() {
  const { NANOAGENT_BENCH_CACHE, XDG_CACHE_HOME } = process.env;
  return path.resolve(
    NANOAGENT_BENCH_CACHE || path.join(XDG_CACHE_HOME || path.join(homedir(), ".cache"), "nanoagent-bench"),
  );
}
