import { stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { CommandToolSettings } from "@nanoagent/models";
import { findCommandProgram, isFolder, readInterpreter } from "@nanoagent/runtime/program";
import type { CheckedPart, ConfigPath } from "./check-report.js";

type ProgramSettings = Pick<CommandToolSettings, "command" | "working_directory" | "environment">;

/** Checks that a program and its interpreter exist. `who` is the tool or server; `path` leads to its settings. */
export async function checkProgram(
  part: CheckedPart,
  path: ConfigPath,
  who: string,
  settings: ProgramSettings,
): Promise<void> {
  const { command, working_directory: folder = process.cwd() } = settings;
  if (!(await isFolder(folder))) {
    part.error([...path, "working_directory"], {
      code: "working-directory-not-found",
      message: `${who} runs in ${folder}, which is not a folder.`,
      hint: "Create the folder, or correct working_directory.",
    });
    return;
  }
  try {
    await checkInterpreter(part, path, who, settings, await findCommandProgram(settings, folder));
  } catch (error) {
    const [program = ""] = command;
    const isThere = program.includes("/") && (await stat(resolve(folder, program)).catch(() => null)) !== null;
    part.error([...path, "command", 0], {
      code: "program-not-found",
      message: `${who} cannot be started: ${error instanceof Error ? error.message : String(error)}.`,
      hint:
        /\s/.test(program) && !isThere
          ? "Write the program and each of its arguments as a separate entry of the list."
          : isThere
            ? `Make it executable: chmod +x ${program}`
            : "Install it, or write its path. Only these folders are searched, not the PATH of your shell.",
    });
    return;
  }
  for (const [at, argument] of command.entries()) {
    if (at === 0 || !/^\.\.?\//.test(argument) || /[{}]/.test(argument)) continue;
    if ((await stat(resolve(folder, argument)).catch(() => null)) !== null) continue;
    part.warn([...path, "command", at], {
      code: "file-not-found",
      message: `${who} names ${argument}, which does not exist in ${folder}.`,
      hint: "Correct the path, or ignore this if the command creates the file.",
    });
  }
}

/** Checks a script's interpreter. Without it, the system reports that the script itself does not exist. */
async function checkInterpreter(
  part: CheckedPart,
  path: ConfigPath,
  who: string,
  settings: ProgramSettings,
  file: string,
): Promise<void> {
  const wanted = await readInterpreter(file);
  if (wanted === null) return;
  const found = await findCommandProgram({ ...settings, command: [wanted] }, dirname(file)).catch(() => null);
  // This program replaces a missing `node` in commands, but the system does not do so for scripts.
  if (found !== null && (wanted !== "node" || found !== process.execPath || isInSearchPath(found))) return;
  part.error([...path, "command", 0], {
    code: "program-not-found",
    message: `${who} cannot be started: ${file} needs ${wanted}, which is not installed.`,
    hint: `Name the interpreter in command, as in [${wanted}, ${settings.command[0]}], or install it in /usr/local/bin.`,
  });
}

function isInSearchPath(file: string): boolean {
  return ["/usr/local/bin", "/usr/bin", "/bin"].includes(dirname(file));
}
