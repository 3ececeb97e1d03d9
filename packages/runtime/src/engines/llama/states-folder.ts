import { mkdir, readdir, rm } from "node:fs/promises";
import path from "node:path";
import { makeOwnFolder } from "../../files/own-files.js";
import { randomName } from "../../files/random-name.js";
import { processExists } from "../../processes/process-exists.js";

/** Name of the folder of one engine: the id of its process, and a random name. */
const engineFolder = /^(\d+)-[0-9a-f]{16}$/;

/**
 * Creates a folder for the states of one engine in `caches`, the user's cache folder, and removes those of processes
 * that ended without closing their engine. Returns null if the content of the folder could not be trusted. Never
 * rejects.
 */
export async function openStatesFolder(caches: string): Promise<string | null> {
  await mkdir(caches, { mode: 0o700 }).catch(() => {});
  const all = await makeOwnFolder(caches, ["nanoagent", "engine-states"]);
  if (all === null) return null;
  for (const name of await readdir(all).catch(() => [])) {
    const processId = Number(engineFolder.exec(name)?.[1] ?? process.pid);
    if (!processExists(processId)) await rm(path.join(all, name), { recursive: true, force: true }).catch(() => {});
  }
  return makeOwnFolder(all, [`${process.pid}-${randomName()}`]);
}
