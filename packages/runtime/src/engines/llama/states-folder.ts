import { lstat, mkdir, readdir, rm } from "node:fs/promises";
import path from "node:path";
import { isOwn, makeOwnFolder } from "../../files/own-files.js";
import { randomName } from "../../files/random-name.js";
import { processExists } from "../../processes/process-exists.js";

/** Name of the folder of one engine: the id of its process, and a random name. */
const engineFolder = /^(\d+)-[0-9a-f]{16}$/;

/** Folders in the user's cache folder, outermost first. */
const places = ["nanoagent", "engine-states"];

/** Removes the states of processes that ended without closing their engine. Never rejects. */
export async function removeLeftStates(caches: string): Promise<void> {
  const all = path.join(caches, ...places);
  const status = await lstat(all).catch(() => null);
  if (status === null || !status.isDirectory() || !isOwn(status)) return;
  for (const name of await readdir(all).catch(() => [])) {
    const processId = Number(engineFolder.exec(name)?.[1] ?? process.pid);
    if (!processExists(processId)) await rm(path.join(all, name), { recursive: true, force: true }).catch(() => {});
  }
}

/**
 * Creates a folder for the states of one engine in `caches`, the user's cache folder. Returns null if the content of the
 * folder could not be trusted. Never rejects.
 */
export async function openStatesFolder(caches: string): Promise<string | null> {
  await mkdir(caches, { mode: 0o700 }).catch(() => {});
  return makeOwnFolder(caches, [...places, `${process.pid}-${randomName()}`]);
}
