import { chmod, chown, mkdir, mkdtemp, open, readFile, rename, rm, stat } from "node:fs/promises";
import { createServer } from "node:net";
import os from "node:os";
import path from "node:path";
import type { OptionValues } from "../command-line/command.js";
import { DEFAULT_CONFIG_FILE } from "../config/default-config-file.js";
import { exitCodes } from "../exit-codes.js";
import { formatJson } from "../output/format.js";
import { plainText } from "../output/plain-text.js";
import type { Streams } from "../streams.js";
import { describeExit } from "./describe-exit.js";
import { turnOnLinger } from "./linger.js";
import { removeFolder } from "./remove-folder.js";
import type { RunTool } from "./run-tool.js";
import { ServiceCommandError } from "./service-command-error.js";
import { addressesOf, exists, readServiceFacts, type ServiceFacts } from "./service-facts.js";
import type { ServicePlace } from "./service-place.js";
import { commandPrefix, ownerOf } from "./service-user.js";
import { lastLines } from "./show-logs.js";
import { type ProgramPaths, passingProgram, stableProgramPaths } from "./stable-program-path.js";
import type { Systemd } from "./systemd.js";
import { nameOptions, shellWord, sudoProgram } from "./typed-command.js";
import { UNIT_MARK, writeUnit } from "./unit-file.js";
import type { UnitState } from "./unit-state.js";

/** Longest start: that of the unit, and some time for systemd. */
const START_MILLISECONDS = 660_000;
/** Longest check of a config. A model of another program is hashed before its first use. */
const CHECK_MILLISECONDS = 600_000;
const FAILED_START_LINES = 20;

/** Prints the unit that {@link installService} would write. A note says why it would not with a program that does not last. */
export async function printUnit(
  place: ServicePlace,
  values: OptionValues,
  { stdout, stderr }: Streams,
  run: RunTool,
  program = process.argv[1] ?? "",
): Promise<number> {
  const paths = stableProgramPaths(process.execPath, program);
  const error = passingProgram(paths);
  const { unit } = await readFacts({ place, values, run, paths, isPassing: error !== null });
  stdout.write(writeUnit(unit));
  if (error !== null) stderr.write(plainText(`note: ${error.message} ${error.hint}\n`));
  return exitCodes.done;
}

/** Checks the config, writes the unit, enables it and starts it. A second call updates the unit. */
export async function installService(
  place: ServicePlace,
  values: OptionValues,
  streams: Streams,
  systemd: Systemd,
  program = process.argv[1] ?? "",
): Promise<number> {
  const paths = stableProgramPaths(process.execPath, program);
  const error = passingProgram(paths);
  if (error !== null) throw error;
  const facts = await readFacts({ place, values, run: systemd.run, paths, isPassing: false });
  const before = await systemd.show(place.unit);
  const known = await readUnitFile(place, before, facts.unit.config);
  const checked = await checkAsService(facts, values, streams, systemd.run);
  if (checked !== exitCodes.done) return checked;
  if (before.active !== "active") await refusePortInUse(facts);
  await makeFolders(place, facts, systemd.run);
  const text = writeUnit(facts.unit);
  const isChanged = known !== text;
  if (isChanged) await replaceFile(place.unitFile, text);
  await systemd.control(["daemon-reload"]);
  await systemd.control(["enable", place.unit]);
  const linger = place.isUser ? await turnOnLinger(place, systemd) : null;
  const { program: installed, config, environmentFile } = facts.unit;
  const isNewer = await isAnyNewer([installed, config, environmentFile], before);
  const isRunning = before.active === "active";
  const mustStart = !isRunning || isChanged || isNewer;
  const mayStart = values["no-start"] !== true;
  if (mayStart && mustStart && !(await start(place, facts, streams, systemd))) return exitCodes.interrupted;
  const state = await systemd.show(place.unit);
  const what = resultOf({ isRunning, mustStart, mayStart });
  streams.stdout.write(
    values.json === true
      ? formatJson({
          event: "installed",
          unit: place.unit,
          file: place.unitFile,
          state: what,
          url: urlOf(state),
          user: facts.chosen.account.kind === "person" ? facts.chosen.account.name : facts.chosen.account.kind,
          starts_at_boot: linger !== false,
        })
      : describeInstalled({ place, facts, state, what, isChanged, linger }),
  );
  return exitCodes.done;
}

/** Result of an installation. `waiting`: the service runs with its old settings. */
type InstallResult = "started" | "restarted" | "unchanged" | "not-started" | "waiting";

function resultOf({ isRunning, mustStart, mayStart }: Record<string, boolean>): InstallResult {
  if (!mustStart) return "unchanged";
  if (mayStart) return isRunning ? "restarted" : "started";
  return isRunning ? "waiting" : "not-started";
}

/** Returns the address in the text that a service gave to systemd, or null. */
export function urlOf({ text }: Pick<UnitState, "text">): string | null {
  return /\bhttps?:\/\/\S+/.exec(text)?.[0] ?? null;
}

interface FactOptions {
  place: ServicePlace;
  values: OptionValues;
  run: RunTool;
  paths: ProgramPaths;
  /** Whether the program is in a place that does not last. */
  isPassing: boolean;
}

function readFacts({ place, values, run, paths, isPassing }: FactOptions): Promise<ServiceFacts> {
  const config = path.resolve(String(values.config ?? DEFAULT_CONFIG_FILE));
  return readServiceFacts({ place, config, paths, run, isPassing });
}

/** Returns the unit that is there, or null. Throws for a unit that nanoagent did not write. */
async function readUnitFile(place: ServicePlace, { fragment }: UnitState, config: string): Promise<string | null> {
  const file = fragment === "" ? place.unitFile : fragment;
  const text = await readFile(file, "utf8").catch(() => null);
  if (text === null) return null;
  if (file === place.unitFile && text.startsWith(UNIT_MARK)) return text;
  const command = `${place.isUser ? "nanoagent" : sudoProgram()} service install`;
  const options = nameOptions({ ...place, name: await freeName(place) });
  throw new ServiceCommandError({
    code: "service-unsuitable",
    message: `${place.unit} exists already, in ${file}, and nanoagent service install did not write it.`,
    reason: "It is never overwritten.",
    hint: `Remove it, or choose another name: ${command}${options} --config ${shellWord(config)}`,
  });
}

/** Returns the name of a service that does not exist, for a hint. */
async function freeName({ name, unitFile }: ServicePlace): Promise<string> {
  for (let number = 1; ; number += 1) {
    const free = number === 1 ? "nanoagent-agent" : `nanoagent-agent-${number}`;
    if (free !== name && !(await exists(path.join(path.dirname(unitFile), `${free}.service`)))) return free;
  }
}

/** Runs `nanoagent check` with the user and the variables of the service. Prints its report if it fails. */
async function checkAsService(
  { unit, chosen, variables }: ServiceFacts,
  { json }: OptionValues,
  streams: Streams,
  run: RunTool,
): Promise<number> {
  const begin = Date.now();
  // The state folder may belong to a user that exists only while the service runs.
  const folder = await mkdtemp(path.join(os.tmpdir(), "nanoagent-check-"));
  try {
    const isRoot = process.getuid?.() === 0;
    if (isRoot) {
      const { uid, gid } = ownerOf(chosen);
      await chown(folder, uid, gid);
      await chmod(folder, 0o700);
    }
    const [program = unit.node, ...args] = [
      ...commandPrefix(chosen),
      unit.node,
      unit.program,
      "check",
      "--config",
      unit.config,
      ...(json === true ? ["--json"] : []),
    ];
    const { exitCode, stdout, stderr } = await run(program, args, {
      milliseconds: CHECK_MILLISECONDS,
      environment: {
        ...variables,
        STATE_DIRECTORY: folder,
        // The check leaves no files behind, such as a runtime folder of nobody.
        ...(isRoot
          ? { XDG_STATE_HOME: folder, XDG_CACHE_HOME: folder, XDG_RUNTIME_DIR: folder }
          : { XDG_RUNTIME_DIR: process.env.XDG_RUNTIME_DIR }),
      },
      folder: "/",
      signal: streams.stop,
    });
    if (streams.stop.aborted) return exitCodes.interrupted;
    if (exitCode === exitCodes.done) return exitCodes.done;
    const hasErrors = exitCode === exitCodes.usage || exitCode === exitCodes.doesNotFit;
    const reason = hasErrors ? "its config has errors" : failedCheck(exitCode, Date.now() - begin);
    const what = hasErrors ? "them" : "the reason";
    streams.stdout.write(plainText(stdout));
    streams.stderr.write(plainText(`${stderr}error: The service was not installed, because ${reason}.\n`));
    streams.stderr.write(`  do: Correct ${what}, then run the same command again.\n`);
    return hasErrors ? exitCode : exitCodes.failed;
  } finally {
    await removeFolder(folder, run);
  }
}

/** Describes a check that ended without a report, as the end of a sentence. */
function failedCheck(exitCode: number | null, milliseconds: number): string {
  const check = "the check of its config";
  if (exitCode !== null) return `${check} failed (exit code ${exitCode})`;
  const isTooLong = milliseconds >= CHECK_MILLISECONDS;
  return isTooLong ? `${check} took longer than ${CHECK_MILLISECONDS / 60_000} minutes` : `a signal ended ${check}`;
}

/** Throws if another program listens on a port of the service. */
async function refusePortInUse({ config }: ServiceFacts): Promise<void> {
  for (const { setting, host, port } of await addressesOf(config)) {
    if (port === 0) continue;
    const code = await new Promise<string | null>((resolve) => {
      const probe = createServer();
      probe.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? null));
      probe.listen({ host, port, exclusive: true }, () => probe.close(() => resolve(null)));
    });
    if (code !== "EADDRINUSE" && code !== "EACCES") continue;
    throw new ServiceCommandError({
      code: "service-unsuitable",
      message: code === "EACCES" ? `This user may not listen on port ${port}.` : `Port ${port} is in use.`,
      reason: code === "EACCES" ? "Ports below 1024 need root." : "Another program listens on it.",
      hint:
        code === "EACCES"
          ? `Set ${setting} to a port above 1023, or install the service with sudo and without --user.`
          : `Stop that program (sudo ss -ltnp 'sport = :${port}' names it), or set ${setting} to another port.`,
    });
  }
}

async function makeFolders(place: ServicePlace, { unit, chosen }: ServiceFacts, run: RunTool): Promise<void> {
  if (place.isUser) {
    await mkdir(place.stateFolder, { recursive: true, mode: 0o700 });
    await mkdir(path.dirname(place.unitFile), { recursive: true });
    return;
  }
  // A folder in the home of a person is made by that person.
  const [program = "mkdir", ...args] = [...commandPrefix(chosen), "mkdir", "-p", "--", ...unit.writableFolders];
  if (unit.writableFolders.length === 0) return;
  const { exitCode, stderr } = await run(program, args, { folder: "/" });
  if (exitCode === 0) return;
  throw new ServiceCommandError({
    code: "service-unsuitable",
    message: `The folder ${unit.writableFolders[0]} of session.dir cannot be made: ${stderr.trim()}`,
    hint: `Set session.dir to "\${STATE_DIRECTORY:-state}" in the config, which is the service's own folder.`,
  });
}

/** Writes a file so that a reader sees the old one or the new one. */
async function replaceFile(file: string, text: string): Promise<void> {
  const temporary = `${file}.${crypto.randomUUID().slice(0, 8)}`;
  try {
    const handle = await open(temporary, "wx", 0o644);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw new ServiceCommandError({
      code: "service-unsuitable",
      message: `Cannot write ${file}: ${(error as Error).message}.`,
      hint: "Make the folder writable, or install the service of this user alone with --user.",
    });
  }
}

/**
 * Whether one of the files changed after the service started, such as the program by an upgrade. The times are those of
 * the inodes, because a file that is moved or restored keeps its time of modification.
 */
async function isAnyNewer(files: readonly string[], { startedAt }: UnitState): Promise<boolean> {
  if (startedAt === null) return false;
  const times = await Promise.all(
    files.map((file) =>
      stat(file).then(
        ({ ctimeMs }) => ctimeMs / 1000,
        () => 0,
      ),
    ),
  );
  return times.some((time) => time > startedAt);
}

/** Starts the service and waits until it is ready. Returns false after an interruption, which leaves it stopped. */
async function start(place: ServicePlace, facts: ServiceFacts, streams: Streams, systemd: Systemd): Promise<boolean> {
  if (streams.stderr.isTTY) streams.stderr.write("Starting the service. Loading a model can take minutes.\n");
  const since = `--since=@${Math.floor(Date.now() / 1000)}`;
  const started = await systemd.try(["restart", place.unit], {
    milliseconds: START_MILLISECONDS,
    signal: streams.stop,
  });
  if (started.exitCode === 0) return true;
  const control = `${place.isUser ? "systemctl --user" : "sudo systemctl"} start ${place.name}`;
  if (streams.stop.aborted) {
    // This program ends before a service that is starting does.
    await systemd.try(["stop", "--no-block", place.unit]);
    streams.stderr.write(`note: ${place.unit} is installed, and stopped. To start it: ${control}\n`);
    return false;
  }
  const state = await systemd.show(place.unit);
  await systemd.try(["stop", place.unit]);
  const lines = await lastLines(place.unit, systemd, [`--lines=${FAILED_START_LINES}`, since]);
  if (lines.length > 0) streams.stderr.write(plainText(`${lines.join("\n")}\n`));
  const exit = describeExit(state);
  throw new ServiceCommandError({
    code: "service-start-failed",
    message: `${place.unit} is installed, but it did not start${exit === null ? "." : `: ${exit}.`}`,
    reason: started.stderr.trim() === "" ? "The log above has the details." : started.stderr.trim(),
    hint: `It is stopped now and would start at boot. Correct the reason, then run ${control}. nanoagent check --config ${shellWord(facts.unit.config)} finds errors of the config.`,
  });
}

interface Installed {
  place: ServicePlace;
  facts: ServiceFacts;
  state: UnitState;
  what: InstallResult;
  isChanged: boolean;
  /** Whether the service of a user starts at boot; null for one of the system, which does. */
  linger: boolean | null;
}

function describeInstalled({ place, facts, state, what, isChanged, linger }: Installed): string {
  const { unit, chosen } = facts;
  const url = urlOf(state);
  // A person who called sudo is not root when the next command is typed.
  const command = place.isUser || process.env.SUDO_USER === undefined ? "nanoagent" : sudoProgram();
  const options = nameOptions(place);
  const person = chosen.person?.name;
  const account =
    person === undefined
      ? place.isUser
        ? "It runs as you"
        : "It runs as a user of its own"
      : `It runs as ${person} (${chosen.reason})`;
  const isLocal = url === null || /\/\/(?:127\.|localhost|\[::1\])/.test(url);
  const keys = path.join(place.stateFolder, "nanoagent/serve-keys.json");
  const needsKey = !isLocal && facts.config.serve?.api_keys_env === undefined;
  const control = place.isUser ? "systemctl --user" : "sudo systemctl";
  const always = linger === false ? "whenever you log in" : "at every boot";
  const next = linger === false ? "your next login" : "the next boot";
  const sentences: Record<InstallResult, string> = {
    started: `It runs now, and ${always}.`,
    restarted: `It was restarted, and runs ${always}.`,
    unchanged: `It runs already, and ${always}.`,
    "not-started": `It starts at ${next}, or with ${control} start ${place.name}`,
    waiting: `It runs with its old settings until ${next}, or ${control} restart ${place.name}`,
  };
  const lines = [
    `${isChanged ? "Wrote" : "Kept"} ${place.unitFile}. ${account.replace(/\.\)$/, ")")}, with at most ${unit.memoryMb} MB of memory.`,
    sentences[what],
    ...(url === null ? [] : [`Listening on ${url}`]),
    ...(needsKey ? [`Clients need the key in ${keys}`] : []),
    ...(linger === false
      ? [
          `note: It ends when you log out. To run it from boot on: sudo loginctl enable-linger ${os.userInfo().username}`,
        ]
      : []),
    "Next:",
    ...(url === null ? [] : [`  curl ${url}/health`]),
    `  nanoagent service status${options}`,
    `  ${command} service logs${options} --follow`,
    `  ${command} service uninstall${options}`,
  ];
  return plainText(`${lines.join("\n")}\n`);
}
