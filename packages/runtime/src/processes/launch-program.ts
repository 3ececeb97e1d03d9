import { type ChildProcess, spawn } from "node:child_process";
import { access, constants, stat } from "node:fs/promises";
import path from "node:path";
import { commandWords } from "@nanoagent/models";
import { isFolder } from "../files/is-folder.js";
import { isNode } from "./is-node.js";
import { forgetGroup, killAtExit } from "./kill-at-exit.js";
import { canLimitProcesses, limitedCommand, type ProcessLimits } from "./process-limits.js";

export interface ProgramPlace {
  folder: string;
  /** All environment variables of the program. */
  environment: Record<string, string>;
}

/** Variables that a shell adds to the environment of its programs. */
const SHELL_VARIABLES = ["PWD", "OLDPWD", "SHLVL", "_"];

const isWindows = process.platform === "win32";

/**
 * Starts a program without a shell, in its own process group, which is killed when this program ends. `dataBytes`
 * limits its reserved memory (RLIMIT_DATA) if the system supports limits. `file` is a path.
 */
export function launchProgram(
  file: string,
  rest: readonly string[],
  { folder, environment }: ProgramPlace,
  { stdin, ...limits }: Pick<ProcessLimits, "dataBytes" | "groupFile"> & { stdin: "ignore" | "pipe" },
): ChildProcess {
  const isLimited = limits.dataBytes !== undefined || limits.groupFile !== undefined;
  const command =
    isLimited && canLimitProcesses()
      ? limitedCommand(file, rest, { ...limits, unset: SHELL_VARIABLES.filter((name) => !(name in environment)) })
      : { file, args: rest, environment: {} };
  const options = {
    cwd: folder,
    env: { ...environment, ...command.environment },
    stdio: [stdin, "pipe", "pipe"] as ["ignore" | "pipe", "pipe", "pipe"],
    // A separate process group. On Windows this would open a window.
    detached: !isWindows,
    windowsHide: true,
    shell: false,
  };
  const child = spawn(command.file, command.args, options);
  const { pid } = child;
  if (pid !== undefined && !isWindows) {
    killAtExit(pid);
    child.once("exit", () => {
      // Processes that the program left running end with it.
      signalGroup(child, "SIGKILL");
      forgetGroup(pid);
    });
  }
  return child;
}

export function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    if (isWindows) child.kill(signal);
    else process.kill(-child.pid, signal);
  } catch {
    // The group is empty.
  }
}

/**
 * Returns the file of a program: its path, relative to the folder, or the first match in the search path. If that has
 * no `node`, this program's own Node is used. Throws if the program does not exist.
 */
export async function findProgram(program: string, { folder, environment }: ProgramPlace): Promise<string> {
  const searchPath = environment.PATH ?? "";
  const isPath = program.includes("/") || program.includes(path.sep);
  const files = isPath
    ? [path.resolve(folder, program)]
    : searchPath
        .split(path.delimiter)
        .filter(Boolean)
        .map((place) => path.resolve(folder, place, program));
  if (!(await isFolder(folder))) throw new Error(`there is no folder ${folder}`);
  for (const file of files) if (await isProgram(file)) return file;
  if (program === "node" && isNode(process.execPath)) return process.execPath;
  const words = /\s/.test(program) ? commandWords(program) : null;
  const split = words === null ? "" : `; as entries of a list it is ${JSON.stringify(words)}`;
  throw new Error(`there is no program ${program}${isPath ? "" : ` in ${searchPath}`}${split}`);
}

async function isProgram(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return (await stat(file)).isFile();
  } catch {
    return false;
  }
}
