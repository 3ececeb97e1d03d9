import { nearestName } from "@nanoagent/models";
import { version } from "../package.json";
import { commands } from "./commands/index.js";
import { exitCodeFor, presentError } from "./errors/present-error.js";
import { UsageError } from "./errors/usage-error.js";
import { exitCodes } from "./exit-codes.js";
import { commandHelp, commonOptions, programHelp } from "./output/help.js";
import { parseOptions, unknownOption } from "./parse-options.js";
import type { Streams } from "./streams.js";

/** Runs the program with these arguments and returns its exit code. Never throws. */
export async function runProgram(args: readonly string[], streams: Streams): Promise<number> {
  try {
    return await dispatch(args, streams);
  } catch (error) {
    streams.stderr.write(presentError(error, { json: args.includes("--json"), debug: args.includes("--debug") }));
    return exitCodeFor(error);
  }
}

async function dispatch([name, ...rest]: readonly string[], streams: Streams): Promise<number> {
  const help = () => programHelp(version, commands);
  if (name === undefined) {
    streams.stderr.write(help());
    return exitCodes.usage;
  }
  if (name === "--help" || name === "-h" || name === "help") {
    streams.stdout.write(help());
    return exitCodes.done;
  }
  if (name === "--version") return showVersion(streams);
  const hint = "nanoagent --help shows the commands.";
  if (name.startsWith("-")) throw unknownOption(name, Object.keys(commonOptions), hint);
  const command = commands.find((candidate) => candidate.name === name);
  if (command === undefined) {
    const nearest = nearestName(
      name,
      commands.map((candidate) => candidate.name),
    );
    const suggestion = nearest === null ? "" : ` Did you mean "${nearest}"?`;
    throw new UsageError({ message: `There is no command "${name}".${suggestion}`, hint });
  }
  const values = parseOptions(command, rest);
  if (values.help) {
    streams.stdout.write(commandHelp(command));
    return exitCodes.done;
  }
  if (values.version) return showVersion(streams);
  const action = await command.loadAction();
  return action(values, streams);
}

function showVersion({ stdout }: Streams): number {
  stdout.write(`${version}\n`);
  return exitCodes.done;
}
