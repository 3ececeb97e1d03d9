import { constants } from "node:fs";
import { realpath, stat } from "node:fs/promises";
import path from "node:path";
import type { RunTool } from "./run-tool.js";
import { ServiceCommandError } from "./service-command-error.js";
import type { ServiceAccount } from "./unit-file.js";

/** A user of this machine. */
interface Person {
  name: string;
  uid: number;
  gid: number;
  home: string;
}

/** Number of the user `nobody`, who stands for a user that systemd will make. */
const NOBODY = 65_534;
const EVERYONE_READS = constants.S_IROTH;
const EVERYONE_ENTERS = constants.S_IXOTH;

/** Folders that a service with a user of its own does not see. */
const homes = ["/home", "/root", "/run/user"];
/** Folders that every service of the system has for itself. */
const temporary = ["/tmp", "/var/tmp"];

/** The account of a service, with the user's entry if it is a person. */
export interface ChosenAccount {
  account: ServiceAccount;
  person: Person | null;
  /** Why systemd does not make a user for it; null if it does. */
  reason: string | null;
}

interface AccountFacts {
  config: string;
  /** Everything that the service reads, with the config. Absolute paths that exist. */
  files: readonly string[];
  /** Whether the config names a model by its name, which is in the cache of a user. */
  namesModel: boolean;
  /** The user who called `sudo`, or who calls the command without it. */
  caller: string | null;
  run: RunTool;
}

/**
 * Chooses the account of a service of the system: a user that systemd makes, if everyone can read the service's files;
 * otherwise the owner of the config, or the caller. Throws {@link ServiceCommandError} if only root is left.
 */
export async function chooseAccount({ config, files, namesModel, caller, run }: AccountFacts): Promise<ChosenAccount> {
  const resolved = (await Promise.all(files.map(async (file) => [file, await realpath(file)]))).flat();
  const passing = resolved.find((file) => isIn(file, temporary));
  if (passing !== undefined) throw inTemporaryFolder(passing);
  const reason =
    (await firstReason([...new Set(resolved)])) ??
    (namesModel ? "The config names a model, which is in the cache of a user." : null);
  if (reason === null) return { account: { kind: "own" }, person: null, reason };
  const owner = await stat(config).then(({ uid }) => uid);
  const person = await findPerson(owner === 0 ? (caller ?? "root") : String(owner), run);
  if (person === null || person.uid === 0) throw onlyRoot(reason);
  return { account: { kind: "person", name: person.name }, person, reason };
}

async function firstReason(files: readonly string[]): Promise<string | null> {
  for (const file of files) {
    if (isIn(file, homes)) return `${file} is in a home folder.`;
    const blocked = await firstClosed(file);
    if (blocked !== null) return `Not everyone can read ${blocked}.`;
  }
  return null;
}

function isIn(file: string, folders: readonly string[]): boolean {
  return folders.some((folder) => file === folder || file.startsWith(`${folder}/`));
}

/** Returns the first part of a path that not every user can pass or read, or null. */
async function firstClosed(file: string): Promise<string | null> {
  const parents: string[] = [];
  for (let at = path.dirname(file); ; at = path.dirname(at)) {
    parents.unshift(at);
    if (path.dirname(at) === at) break;
  }
  for (const folder of parents) {
    if (((await stat(folder)).mode & EVERYONE_ENTERS) === 0) return folder;
  }
  const status = await stat(file);
  const needed = status.isDirectory() ? EVERYONE_READS | EVERYONE_ENTERS : EVERYONE_READS;
  return (status.mode & needed) === needed ? null : file;
}

/** Finds a user by name or number. */
async function findPerson(who: string, run: RunTool): Promise<Person | null> {
  const { exitCode, stdout } = await run("getent", ["passwd", who]).catch(() => ({ exitCode: 1, stdout: "" }));
  const [name, , uid, gid, , home] = stdout.trim().split(":");
  if (exitCode !== 0 || !name || home === undefined) return null;
  return { name, uid: Number(uid), gid: Number(gid), home };
}

/**
 * Returns the words before a command that make it run as the account of a service. Empty for the user of this process.
 * systemd makes its own users at the start, so `nobody` stands for them.
 */
export function commandPrefix({ account, person }: ChosenAccount): string[] {
  if (process.getuid?.() !== 0 || account.kind === "user-manager") return [];
  const { uid, gid } = person ?? { uid: NOBODY, gid: NOBODY };
  return [
    "setpriv",
    `--reuid=${uid}`,
    `--regid=${gid}`,
    person === null ? "--clear-groups" : "--init-groups",
    "--no-new-privs",
    "--",
  ];
}

/** Returns the owner that files for this account need. */
export function ownerOf({ person }: ChosenAccount): { uid: number; gid: number } {
  return person ?? { uid: NOBODY, gid: NOBODY };
}

function inTemporaryFolder(file: string): ServiceCommandError {
  return new ServiceCommandError({
    code: "service-unsuitable",
    message: `${file} is in a temporary folder, which the service cannot see.`,
    reason: "A service has temporary folders of its own, and the system empties the others.",
    hint: "Move the agent's folder to /etc/nanoagent or to your home folder, and install the service from there.",
  });
}

function onlyRoot(reason: string): ServiceCommandError {
  return new ServiceCommandError({
    code: "service-unsuitable",
    message: "Only root could read the files of this service, and a service does not run as root.",
    reason,
    hint: "Put the config and its files into a folder that everyone may read, such as /etc/nanoagent (sudo chmod -R a+rX /etc/nanoagent), or let a user own the config.",
  });
}
