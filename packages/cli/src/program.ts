import { version } from "../package.json";
import { commandHelp, programHelp } from "./command-line/help.js";
import { parseCommandLine } from "./command-line/parse-command-line.js";
import { commands } from "./commands/index.js";
import { exitCodeFor, presentError } from "./errors/present-error.js";
import { exitCodes } from "./exit-codes.js";
import { wrapFor } from "./output/wrap-text.js";
import type { Streams } from "./streams.js";

/** Runs the program with these arguments and returns its exit code. Never throws. */
export async function runProgram(args: readonly string[], streams: Streams): Promise<number> {
  try {
    return await dispatch(args, streams);
  } catch (error) {
    const json = args.includes("--json") || args.includes("--jsonl");
    // A program that asked for JSON reads results and errors from one place.
    const text = presentError(error, { json, debug: args.includes("--debug") });
    if (json) streams.stdout.write(text);
    else streams.stderr.write(wrapFor(streams.stderr, text));
    return exitCodeFor(error);
  }
}

async function dispatch(args: readonly string[], streams: Streams): Promise<number> {
  const { stdout, stderr } = streams;
  const { command, values } = parseCommandLine(withHelpOption(args), commands);
  // A command may have an option of this name that takes a value.
  if (values.version === true) {
    stdout.write(`${version}\n`);
    return exitCodes.done;
  }
  const help = () =>
    command === null ? programHelp(version, commands, stdout.columns) : commandHelp(command, stdout.columns);
  if (values.help) {
    stdout.write(help());
    return exitCodes.done;
  }
  if (command === null) {
    stderr.write(help());
    return exitCodes.usage;
  }
  const action = await command.loadAction();
  return action(values, streams, commands);
}

/** `help COMMAND` is `COMMAND --help`. */
function withHelpOption(args: readonly string[]): readonly string[] {
  if (args[0] !== "help") return args;
  return [...args.slice(1).filter((arg) => arg !== "help"), "--help"];
}
