import { constants, type Stats } from "node:fs";
import { realpath, stat } from "node:fs/promises";
import path from "node:path";
import type { RunTool } from "./run-tool.js";
import { ServiceCommandError } from "./service-command-error.js";
import { shellWord } from "./typed-command.js";
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
/** Bits of a mode, shifted to the owner, the group and everyone. */
const READS = constants.S_IROTH;
const ENTERS = constants.S_IXOTH;

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
  /** Folder of releases that the service changes by itself, as a real path. Default: none. */
  releases?: string | null;
  /** The user who called `sudo`, or who calls the command without it. */
  caller: string | null;
  run: RunTool;
}

/**
 * Chooses the account of a service of the system: a user that systemd makes, if everyone can read the service's files;
 * otherwise the owner of the config, or the caller. A service with releases runs as their owner. Throws
 * {@link ServiceCommandError} if only root is left.
 */
export async function chooseAccount({
  config,
  files,
  namesModel,
  releases = null,
  caller,
  run,
}: AccountFacts): Promise<ChosenAccount> {
  const resolved = (await Promise.all(files.map(async (file) => [file, await realpath(file)]))).flat();
  const passing = resolved.find((file) => isIn(file, temporary));
  if (passing !== undefined) throw inTemporaryFolder(passing);
  const unique = [...new Set(resolved)];
  if (releases !== null) return ownerOfReleases(releases, { config, files: unique, run });
  const obstacle = (await firstObstacle(unique, config)) ?? (namesModel ? modelOf(caller) : null);
  if (obstacle === null) return { account: { kind: "own" }, person: null, reason: null };
  const { reason } = obstacle;
  const owner = await stat(config).then(({ uid }) => uid);
  const person = await findPerson(owner === 0 ? (caller ?? "root") : String(owner), run);
  if (person === null || person.uid === 0) throw onlyRoot(obstacle);
  const unreachable = await firstObstacle(unique, config, person);
  if (unreachable !== null) throw notReachable(person, unreachable);
  return { account: { kind: "person", name: person.name }, person, reason };
}

/** Returns the account that owns the releases, which the service changes at each update. */
async function ownerOfReleases(
  releases: string,
  { config, files, run }: Pick<AccountFacts, "config" | "files" | "run">,
): Promise<ChosenAccount> {
  if (isIn(releases, temporary)) throw inTemporaryFolder(releases);
  const reason = `It updates the releases in ${releases}.`;
  const person = await findPerson(String((await stat(releases)).uid), run);
  const hint = `Give the folder to a user of this machine, as whom the service then runs: sudo chown -R USER: ${shellWord(releases)}`;
  if (person === null || person.uid === 0) throw onlyRoot({ reason, hint }, "change the releases");
  const unreachable = await firstObstacle(files, config, person);
  if (unreachable !== null) throw notReachable(person, unreachable);
  return { account: { kind: "person", name: person.name }, person, reason };
}

/** Why a service cannot have a user of its own, and what root can do about it. */
interface Obstacle {
  reason: string;
  hint: string;
}

/**
 * Returns what keeps a user from reading the files: any user, who sees no home folders, or a person. The person's groups
 * are not known here, so what any group may read counts as readable; the check of the config finds the rest.
 */
async function firstObstacle(
  files: readonly string[],
  config: string,
  person: Person | null = null,
): Promise<Obstacle | null> {
  for (const file of files) {
    const isHidden = person === null ? isIn(file, homes) : isIn(file, ["/root"]) && person.home !== "/root";
    if (isHidden) return inHome(file, config);
    const blocked = await firstClosed(file, person);
    if (blocked !== null) return closedFile(blocked);
  }
  return null;
}

function isIn(file: string, folders: readonly string[]): boolean {
  return folders.some((folder) => file === folder || file.startsWith(`${folder}/`));
}

/** A file or folder that a user cannot read or pass. */
interface Closed {
  file: string;
  isFolder: boolean;
  /** Whether it must only be passed, not read. */
  isParent: boolean;
}

/** Returns the first part of a path that every user, or this person, cannot pass or read; null if all can. */
async function firstClosed(file: string, person: Person | null): Promise<Closed | null> {
  const parents: string[] = [];
  for (let at = path.dirname(file); ; at = path.dirname(at)) {
    parents.unshift(at);
    if (path.dirname(at) === at) break;
  }
  for (const folder of parents) {
    if (!allows(await stat(folder), ENTERS, person)) return { file: folder, isFolder: true, isParent: true };
  }
  const status = await stat(file);
  const isFolder = status.isDirectory();
  return allows(status, isFolder ? READS | ENTERS : READS, person) ? null : { file, isFolder, isParent: false };
}

function allows({ mode, uid }: Stats, needed: number, person: Person | null): boolean {
  if (person === null) return (mode & needed) === needed;
  const own = uid === person.uid ? mode >> 6 : (mode >> 3) | mode;
  return (own & needed) === needed;
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

function closedFile({ file, isFolder, isParent }: Closed): Obstacle {
  // Never recursively: a file with keys may stand beside it.
  const right = isParent ? "a+x" : isFolder ? "a+rx" : "a+r";
  return {
    reason: `Not everyone can read ${file}.`,
    hint: `If everyone may read it, run sudo chmod ${right} ${shellWord(file)} and install again. Otherwise let a user own the config, who can read it: the service then runs as that user.`,
  };
}

/** A file in a home folder: what to move depends on what it is. */
function inHome(file: string, config: string): Obstacle {
  const folder = path.dirname(file);
  const isNode = path.basename(file) === "node";
  const isProgram = !isNode && /\/(?:packages\/cli|@nanoagent\/cli)\//.test(file);
  const hint = isNode
    ? "Install Node for all users, in /usr, or run the command with sudo as the user who has this Node."
    : isProgram
      ? `Move the folder with nanoagent's sources, in which ${folder} is, to /opt, run npm install --global ./packages/cli there, and install the service again.`
      : file === config
        ? "Move the agent's folder, with the config, to /etc/nanoagent, and install the service from there."
        : "Move it to a folder that everyone may read, such as /etc/nanoagent, and correct its path in the config.";
  return { reason: `${file} is in a home folder.`, hint };
}

function modelOf(caller: string | null): Obstacle {
  return {
    reason: "The config names a model, which is in the cache of a user.",
    hint: `Set model_path to the path of the model's file, in a folder that everyone may read${caller === null ? ", or let a user own the config, who has the model" : ""}.`,
  };
}

function onlyRoot({ reason, hint }: Obstacle, what = "read the files"): ServiceCommandError {
  return new ServiceCommandError({
    code: "service-unsuitable",
    message: `Only root could ${what} of this service, and a service does not run as root.`,
    reason,
    hint,
  });
}

function notReachable({ name }: Person, { reason, hint }: Obstacle): ServiceCommandError {
  return new ServiceCommandError({
    code: "service-unsuitable",
    message: `The service would run as ${name}, who cannot read its files.`,
    reason: reason.replace("Not everyone can", `${name} cannot`),
    hint,
  });
}
