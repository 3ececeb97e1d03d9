import { nearestName } from "@nanoagent/models";
import { UsageError } from "../errors/usage-error.js";
import { type Command, type CommandOption, commonOptions, optionsOf } from "./command.js";

/** Prefix of each value, which makes cac keep numbers, spaces and dashes as text. No argument can contain it. */
const MARK = "\0";

/** Arguments that cac can parse, and the command that they name. */
export interface MarkedArguments {
  /** Null without a command's name. */
  command: Command | null;
  marked: readonly string[];
}

/**
 * Rewrites the arguments for cac: `--name value` becomes `--name=` with a marked value, short options become long, and
 * operands are marked and come first, so that cac cannot take one as the value of a flag. Throws {@link UsageError}
 * where cac would guess: for an option that the table does not have, a flag with a value, an option without one, and a
 * value given twice.
 */
export function markValues(args: readonly string[], commands: readonly Command[]): MarkedArguments {
  const rest = [...args];
  const options: string[] = [];
  const operands: string[] = [];
  const given = new Set<string>();
  let command: Command | null = null;
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    if (arg === "--") operands.push(...rest.splice(0));
    else if (isOption(arg)) {
      const isAlone = operands.length + options.length + rest.length === 0;
      options.push(markOption(arg, rest, { command, given, isAlone }));
    } else if (command === null) command = findCommand(arg, commands);
    else operands.push(arg);
  }
  const name = command === null ? [] : [command.name];
  return { command, marked: [...name, ...operands.map((operand) => MARK + operand), ...options] };
}

/** Returns a value as it was typed. */
export function unmark(value: string): string {
  return value.startsWith(MARK) ? value.slice(MARK.length) : value;
}

/** Returns the hint that names the help of a command, or of the program. */
export function optionsHint(command: Command | null): string {
  return command === null
    ? "nanoagent --help shows the commands."
    : `nanoagent ${command.name} --help lists the options.`;
}

function isOption(arg: string): boolean {
  return arg.length > 1 && arg.startsWith("-");
}

function markOption(
  arg: string,
  rest: string[],
  { command, given, isAlone }: { command: Command | null; given: Set<string>; isAlone: boolean },
): string {
  const known = optionsOf(command);
  const hint = optionsHint(command);
  const [rawName = "", ...parts] = arg.split("=");
  const inline = parts.length > 0 ? parts.join("=") : undefined;
  const name = nameOf(rawName, known);
  const option = name === null ? undefined : known[name];
  if (name === null || option === undefined) throw unknownOption(rawName, Object.keys(known), hint);
  if (option.kind === "flag") {
    if (inline === undefined) return `--${name}`;
    throw new UsageError({ message: `--${name} does not take a value, found "${inline}".`, hint });
  }
  const value = inline ?? readNext(rest);
  // `nanoagent bundle --version`, where `bundle create` has an option of this name.
  if (value === undefined && isAlone && Object.hasOwn(commonOptions, name)) return `--${name}`;
  if (value === undefined || value === "") {
    const next = rest[0];
    const message = `--${name} needs a value: --${name} ${option.placeholder}.`;
    if (next === undefined || inline !== undefined) throw new UsageError({ message, hint });
    throw new UsageError({ message, hint: `If ${next} is the value, write --${name}=${next}.` });
  }
  if (given.has(name) && option.repeats !== true) {
    throw new UsageError({ message: `--${name} is given twice, but takes one value.`, hint: "Give it once." });
  }
  given.add(name);
  return `--${name}=${MARK}${value}`;
}

function nameOf(rawName: string, known: Record<string, CommandOption>): string | null {
  if (rawName.startsWith("--")) return Object.hasOwn(known, rawName.slice(2)) ? rawName.slice(2) : null;
  return Object.keys(known).find((name) => known[name]?.short === rawName.slice(1)) ?? null;
}

/** An option's name, with or without a value. Text that begins with dashes and contains spaces is a value. */
const OPTION = /^--[a-z][\w-]*(=.*)?$/is;

/** Takes the next argument as a value, unless it is an option. */
function readNext(rest: string[]): string | undefined {
  return rest[0] === undefined || OPTION.test(rest[0]) ? undefined : rest.shift();
}

function unknownOption(rawName: string, known: readonly string[], hint: string): UsageError {
  const nearest = nearestName(rawName.replace(/^-+/, ""), known);
  const suggestion = nearest === null ? "" : ` Did you mean --${nearest}?`;
  return new UsageError({ message: `Unknown option ${rawName}.${suggestion}`, hint });
}

function findCommand(name: string, commands: readonly Command[]): Command {
  const command = commands.find((candidate) => candidate.name === name);
  if (command !== undefined) return command;
  const names = ["help", ...commands.map((candidate) => candidate.name)];
  const nearest = nearestName(name, names);
  const suggestion = nearest === null ? "" : ` Did you mean "${nearest}"?`;
  throw new UsageError({ message: `Unknown command "${name}".${suggestion}`, hint: optionsHint(null) });
}
