import { realpath } from "node:fs/promises";
import path from "node:path";
import { ServiceCommandError } from "./service-command-error.js";
import type { ServicePlace } from "./service-place.js";
import type { ChosenAccount } from "./service-user.js";

/** Folders that belong to the system with everything in them. */
const closed = ["/bin", "/boot", "/dev", "/etc/systemd", "/lib", "/lib64", "/proc", "/sbin", "/sys", "/usr"];
/** Folders that programs and users share: a service may write to a folder in them, but not to all of it. */
const shared = [
  "/etc",
  "/home",
  "/media",
  "/mnt",
  "/opt",
  "/root",
  "/run/user",
  "/srv",
  "/tmp",
  "/usr/local",
  "/var/cache",
  "/var/lib/private",
  "/var/log",
  "/var/tmp",
];

/**
 * Returns the folder of the conversations if it is outside the service's own; null otherwise. Throws
 * {@link ServiceCommandError} for a folder that the service may not have.
 */
export async function sessionFolder(
  given: string | undefined,
  place: ServicePlace,
  { account, person }: ChosenAccount,
): Promise<string | null> {
  if (given === undefined) return null;
  const dir = path.resolve(given);
  if (isIn(dir, place.stateFolder)) return null;
  const real = await realFolder(dir);
  const homes = person === null ? [] : [path.resolve(person.home)];
  const isUsable = [dir, real].every((folder) => !isOfSystem(folder, homes));
  if (!isUsable) throw ofSystem(dir);
  if (account.kind !== "own") return dir;
  throw new ServiceCommandError({
    code: "service-unsuitable",
    message: `session.dir is ${dir}, where the service may not write.`,
    reason: `The service has a user of its own, which may write to ${place.stateFolder} only.`,
    hint: `Set session.dir to "\${STATE_DIRECTORY:-state}" in the config, which is ${place.stateFolder} in the service.`,
  });
}

/** Throws {@link ServiceCommandError} if a service may not change a folder of releases, which is given without links. */
export function refuseReleases(folder: string, { person }: ChosenAccount): void {
  if (!isOfSystem(folder, person === null ? [] : [path.resolve(person.home)])) return;
  throw new ServiceCommandError({
    code: "service-unsuitable",
    message: `The releases are in ${folder}, which a service must not change.`,
    reason: "It belongs to the system or to several programs, and a service may write to the whole folder.",
    hint: "Apply the bundle below a folder for this agent alone, such as /opt/NAME, and install the service from there.",
  });
}

/** Whether a folder is the system's, a shared one, or has one of them in it. */
export function isOfSystem(folder: string, homes: readonly string[] = []): boolean {
  if (isIn(folder, "/usr/local") && folder !== "/usr/local") return false;
  return closed.some((one) => isIn(folder, one)) || [...closed, ...shared, ...homes].some((one) => isIn(one, folder));
}

function isIn(folder: string, parent: string): boolean {
  return folder === parent || folder.startsWith(parent === "/" ? "/" : `${parent}/`);
}

/** Resolves the links of the part of a path that exists. */
async function realFolder(folder: string): Promise<string> {
  const real = await realpath(folder).catch(() => null);
  if (real !== null || folder === "/") return real ?? folder;
  return path.join(await realFolder(path.dirname(folder)), path.basename(folder));
}

function ofSystem(dir: string): ServiceCommandError {
  return new ServiceCommandError({
    code: "service-unsuitable",
    message: `session.dir is ${dir}, which a service must not change.`,
    reason: "It belongs to the system or to several programs, and a service may write to the whole folder.",
    hint: `Set session.dir to a folder for this agent alone, such as "\${STATE_DIRECTORY:-state}".`,
  });
}
