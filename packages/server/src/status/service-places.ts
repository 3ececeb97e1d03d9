import { lstat, readdir, rm } from "node:fs/promises";
import path from "node:path";
import { findRuntimeFolders, ownRuntimeFolder } from "@nanoagent/runtime/node";

const PIPES = "\\\\.\\pipe\\";
const NAME = /^(?:nanoagent-)?serve-(\d{1,10})(?:\.sock)?$/;
/** Longest path of a socket that every system supports, in bytes. */
const MAX_SOCKET_PATH_BYTES = 100;
/** Most sockets that are asked. */
const MAX_SERVICES = 64;

/** Sockets of a service: `serve` answers with its status, `triggers` takes events, `updates` takes bundles. */
const kinds = ["serve", "triggers", "updates"] as const;
export type SocketKind = (typeof kinds)[number];

/** Returns the path of a service's socket, on Windows the name of its pipe; null if it can have none. */
export async function placeOfService(processId: number, kind: SocketKind = "serve"): Promise<string | null> {
  if (process.platform === "win32") return `${PIPES}nanoagent-${kind}-${processId}`;
  const folder = await ownRuntimeFolder();
  const place = folder === null ? null : path.join(folder, `${kind}-${processId}.sock`);
  return place !== null && Buffer.byteLength(place) <= MAX_SOCKET_PATH_BYTES ? place : null;
}

/** Returns the path of another socket of a service, from that of its status. */
export function siblingPlace(statusPlace: string, kind: SocketKind): string {
  const { dir, base } = path.parse(statusPlace);
  return path.join(dir, base.replace("serve-", `${kind}-`));
}

/** Removes the sockets that a service left which was killed. */
export async function removePlaces(statusPlace: string): Promise<void> {
  for (const kind of kinds) await rm(siblingPlace(statusPlace, kind), { force: true }).catch(() => {});
}

/**
 * Returns the path of a socket of a running service, or null. It looks in every folder that a service of this user may have
 * used, as {@link listPlaces} does.
 */
export async function findPlace(processId: number, kind: SocketKind): Promise<string | null> {
  if (process.platform === "win32") return placeOfService(processId, kind);
  for (const folder of await findRuntimeFolders()) {
    const place = path.join(folder, `${kind}-${processId}.sock`);
    if ((await lstat(place).catch(() => null))?.isSocket() === true) return place;
  }
  return null;
}

/**
 * Lists the sockets of this user's services, also those that ended without removing theirs. It looks in every folder that a
 * service may have used: its environment may be another than that of this program.
 */
export async function listPlaces(): Promise<string[]> {
  const isWindows = process.platform === "win32";
  const folders = isWindows ? [PIPES] : await findRuntimeFolders();
  const places: string[] = [];
  for (const folder of folders) {
    const names = await readdir(folder).catch(() => []);
    for (const name of names) {
      if (NAME.test(name) && name.endsWith(".sock") !== isWindows)
        places.push(isWindows ? `${PIPES}${name}` : path.join(folder, name));
    }
  }
  return places.slice(0, MAX_SERVICES);
}
