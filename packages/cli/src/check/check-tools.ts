import { open, stat } from "node:fs/promises";
import path from "node:path";
import type { CommandToolSettings, NanoAgentConfig } from "@nanoagent/models";
import type { Tool } from "@nanoagent/runtime";
import { commandTool, findCommandProgram, ToolSet } from "@nanoagent/runtime/node";
import type { CheckedPart, CheckReport } from "./check-report.js";

/** A config's tool, as far as it can be used. */
export type CheckedTool = Tool;

const permissionWords = { always: "always allowed", ask: "asks first", never: "never allowed" };

/** The tools that the config's commands are. With `isHere`, their programs are looked for on this machine. */
export async function checkTools(
  report: CheckReport,
  config: NanoAgentConfig,
  isHere: boolean,
): Promise<readonly CheckedTool[]> {
  const { tools: commands = [] } = config;
  if (commands.length === 0) return [];
  const part = report.part("Tools");
  const tools: CheckedTool[] = [];
  for (const [index, settings] of commands.entries()) {
    const tool = await openTool(part, index, settings);
    if (tool === null) continue;
    if (tools.some(({ name }) => name === tool.name)) {
      part.error(["tools", index, "name"], {
        code: "invalid-tool",
        message: `There are two tools named "${tool.name}".`,
        hint: "Rename one of them.",
      });
      continue;
    }
    tools.push(tool);
    if (isHere) await checkProgram(part, index, settings);
    checkUse(part, index, tool, config);
  }
  part.summary = tools.map(({ name, permission }) => `${name} (${permissionWords[permission]})`).join(", ");
  return tools;
}

async function openTool(part: CheckedPart, index: number, settings: CommandToolSettings): Promise<Tool | null> {
  try {
    const tool = commandTool(settings, process.cwd());
    await ToolSet.open([tool]);
    return tool;
  } catch (error) {
    part.reject(["tools", index], error);
    return null;
  }
}

async function checkProgram(part: CheckedPart, index: number, settings: CommandToolSettings): Promise<void> {
  const { name, command, working_directory: folder = process.cwd() } = settings;
  if (!(await isFolder(folder))) {
    part.error(["tools", index, "working_directory"], {
      code: "working-directory-not-found",
      message: `The tool "${name}" runs in ${folder}, which is no folder.`,
      hint: "Make the folder, or correct working_directory.",
    });
    return;
  }
  try {
    await checkInterpreter(part, index, settings, await findCommandProgram(settings, folder));
  } catch (error) {
    const [program = ""] = command;
    const isThere = program.includes("/") && (await stat(path.resolve(folder, program)).catch(() => null)) !== null;
    part.error(["tools", index, "command", 0], {
      code: "program-not-found",
      message: `The tool "${name}" cannot be started: ${error instanceof Error ? error.message : String(error)}.`,
      hint: isThere
        ? `It is there, but no program: chmod +x ${program}`
        : "Install it, or write its path; commands are looked for in these folders alone, whatever your shell's PATH is.",
    });
    return;
  }
  for (const [at, argument] of command.entries()) {
    if (at === 0 || !/^\.\.?\//.test(argument) || /[{}]/.test(argument)) continue;
    if ((await stat(path.resolve(folder, argument)).catch(() => null)) !== null) continue;
    part.warn(["tools", index, "command", at], {
      code: "file-not-found",
      message: `The tool "${name}" names ${argument}, and there is no such file in ${folder}.`,
      hint: "If the command makes it, all is well.",
    });
  }
}

/** The first line of a script, which says what runs it, is shorter. */
const MAX_FIRST_LINE_BYTES = 256;

/** A script whose interpreter is missing fails as if it were missing itself; nobody would look at its first line. */
async function checkInterpreter(
  part: CheckedPart,
  index: number,
  settings: CommandToolSettings,
  file: string,
): Promise<void> {
  const [, interpreter, argument] = /^#!\s*(\S+)(?:[ \t]+(?:-S[ \t]+)?(\S+))?/.exec(await beginningOf(file)) ?? [];
  if (interpreter === undefined) return;
  const wanted = path.basename(interpreter) === "env" && argument !== undefined ? argument : interpreter;
  const found = await findCommandProgram({ ...settings, command: [wanted] }, path.dirname(file)).catch(() => null);
  // The system knows no stand-in for it.
  if (found !== null && (wanted !== "node" || found !== process.execPath || isInSearchPath(found))) return;
  part.error(["tools", index, "command", 0], {
    code: "program-not-found",
    message: `The tool "${settings.name}" cannot be started: ${file} is run by ${wanted}, and there is none.`,
    hint: `Name the interpreter in command, as in [${wanted}, ${settings.command[0]}], or install it in /usr/local/bin.`,
  });
}

function isInSearchPath(file: string): boolean {
  return ["/usr/local/bin", "/usr/bin", "/bin"].includes(path.dirname(file));
}

async function beginningOf(file: string): Promise<string> {
  try {
    const handle = await open(file, "r");
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(MAX_FIRST_LINE_BYTES), 0, MAX_FIRST_LINE_BYTES, 0);
      return buffer.toString("latin1", 0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch {
    // Programs may be executable and not readable.
    return "";
  }
}

/** Is there anybody who would call it, and may they? */
function checkUse(part: CheckedPart, index: number, { name, permission }: Tool, config: NanoAgentConfig): void {
  const byIntent = config.intents?.definitions.some(({ tool }) => tool === name) === true;
  const byEngine = config.spec.capabilities.includes(name);
  if (!byIntent && !byEngine) {
    part.warn(["tools", index, "name"], {
      code: "tool-not-used",
      message: `Nothing calls the tool "${name}".`,
      hint: "Name it in an intent, or in spec.capabilities for the model.",
    });
  } else if (permission === "never") {
    part.warn(["tools", index, "permission"], {
      code: "tool-not-permitted",
      message: `The tool "${name}" is named ${byIntent ? "in an intent" : "in spec.capabilities"}, but its permission is never.`,
    });
  }
}

async function isFolder(file: string): Promise<boolean> {
  return (await stat(file).catch(() => null))?.isDirectory() === true;
}
