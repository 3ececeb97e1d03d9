import { cac } from "cac";
import { checkValues } from "./check-values.js";
import { type Command, type CommandOption, commonOptions, type OptionValues, optionsOf } from "./command.js";
import { markValues, unmark } from "./mark-values.js";

/** The command that was named, or null, and the values of its options. */
export interface CommandLine {
  command: Command | null;
  values: OptionValues;
}

/** Parses the program's arguments. Throws `UsageError` for an unknown, missing or invalid one. */
export function parseCommandLine(args: readonly string[], commands: readonly Command[]): CommandLine {
  const { command, marked } = markValues(args, commands);
  const cli = cac("nanoagent");
  for (const [name, option] of Object.entries(commonOptions)) {
    if (command?.options[name] === undefined) cli.option(cacName(name, option), option.description);
  }
  if (command !== null) {
    const entry = cli.command(command.operand === undefined ? command.name : `${command.name} [...operands]`);
    for (const [name, option] of Object.entries(command.options)) entry.option(cacName(name, option), "");
  }
  const { options, args: operands } = cli.parse(["node", "nanoagent", ...marked], { run: false });
  const known = optionsOf(command);
  const given = new Map(
    Object.entries(known).flatMap(([name, option]) => {
      const value = readGiven(name, option, options);
      return value === null ? [] : [[name, value] as const];
    }),
  );
  if (command === null) return { command: null, values: Object.fromEntries(given) };
  return { command, values: checkValues(command, given, operands.map(unmark)) };
}

/** An option in cac's form: `--config <value>`. {@link markValues} refuses a missing value. */
function cacName(name: string, { kind, short }: CommandOption): string {
  return `${short === undefined ? "" : `-${short}, `}--${name}${kind === "flag" ? "" : Object.hasOwn(commonOptions, name) ? " [value]" : " <value>"}`;
}

/** Texts of an option among those that cac has parsed, true for a flag, or null where the option was not given. */
function readGiven(name: string, { kind }: CommandOption, options: Record<string, unknown>) {
  const isNegated = name.startsWith("no-");
  const value = options[camelCase(isNegated ? name.slice("no-".length) : name)];
  // A common flag, given alone, where the command has an option of the same name.
  if (value === true && kind !== "flag") return true;
  if (kind === "flag") return (isNegated ? value === false : value !== undefined) ? (true as const) : null;
  return value === undefined ? null : [value].flat().map((text) => unmark(String(text)));
}

/** The key that cac gives an option: `max-tokens` → `maxTokens`. */
function camelCase(name: string): string {
  return name.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
