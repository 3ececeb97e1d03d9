import { parseArgs } from "node:util";
import { nearestName } from "@nanoagent/models";
import type { Command, CommandOption, OptionValues } from "./command.js";
import { UsageError } from "./errors/usage-error.js";
import { commonOptions } from "./output/help.js";

/** The values of a command's options. Throws {@link UsageError} for one that is unknown, missing or wrong. */
export function parseOptions(command: Command, args: readonly string[]): OptionValues {
  const known: Record<string, CommandOption> = { ...command.options, ...commonOptions };
  const hint = `nanoagent ${command.name} --help shows its options.`;
  const values: Record<string, string | number | boolean | readonly string[]> = {};
  for (const token of readTokens(args, known)) {
    if (token.kind === "positional") {
      const { operand } = command;
      if (operand !== undefined && (operand.repeats || values[operand.name] === undefined)) {
        const value = readOperand(command.name, operand, token.value, hint);
        values[operand.name] = operand.repeats ? [...listOf(values[operand.name]), value] : value;
        continue;
      }
      throw strayValue(command, token.value, hint);
    }
    if (token.kind === "option-terminator") continue;
    const option = Object.hasOwn(known, token.name) ? known[token.name] : undefined;
    if (option === undefined) throw unknownOption(token.rawName, Object.keys(known), hint);
    const value = readValue(`--${token.name}`, option, token, hint);
    if (option.repeats) {
      values[token.name] = [...listOf(values[token.name]), String(value)];
      continue;
    }
    if (values[token.name] !== undefined && values[token.name] !== value) {
      throw new UsageError({ message: `--${token.name} is given twice, with two values.`, hint: "Give it once." });
    }
    values[token.name] = value;
  }
  if (values.help || values.version) return values;
  for (const [name, { required, placeholder }] of Object.entries(command.options)) {
    if (required && values[name] === undefined) {
      throw new UsageError({ message: `${command.name} needs --${name} ${placeholder}.`, hint });
    }
  }
  refuseIdle(command, values, hint);
  const { needsOneOf, operand } = command;
  if (operand?.choices !== undefined && values[operand.name] === undefined) {
    const choices = Object.keys(operand.choices).join(", ");
    throw new UsageError({ message: `${command.name} needs ${operand.placeholder}: one of ${choices}.`, hint });
  }
  if (needsOneOf?.every((name) => values[name] === undefined)) {
    const names = needsOneOf.map((name) => `--${name} ${command.options[name]?.placeholder}`);
    throw new UsageError({ message: `${command.name} needs ${names.join(" or ")}.`, hint });
  }
  return values;
}

/** The values of an option that may be given several times. */
export function listOf(value: OptionValues[string]): readonly string[] {
  return Array.isArray(value) ? value : [];
}

/** A value that no option takes. A file's is meant for the option that takes such files. */
function strayValue({ name, options }: Command, value: string, hint: string): UsageError {
  const option = /\.(?:ya?ml|json)$/i.test(value) ? "config" : /[./\\]/.test(value) ? "model" : "";
  const suggestion = Object.hasOwn(options, option) ? ` Did you mean --${option} ${value}?` : "";
  return new UsageError({ message: `${name} takes no "${value}".${suggestion}`, hint });
}

/** An option that has no effect beside the others is refused: whoever gave it meant something by it. */
function refuseIdle({ name, options, operand }: Command, values: OptionValues, hint: string): void {
  const action = operand === undefined ? undefined : values[operand.name];
  for (const [option, { operands, notWith = [] }] of Object.entries(options)) {
    if (values[option] === undefined) continue;
    const other = notWith.find((candidate) => values[candidate] !== undefined);
    if (other !== undefined) throw new UsageError({ message: `--${option} has no effect with --${other}.`, hint });
    if (operands === undefined || action === undefined || operands.includes(String(action))) continue;
    const where = operands.map((one) => `${name} ${one}`).join(" and ");
    throw new UsageError({ message: `--${option} has no effect on ${name} ${action}; it is for ${where}.`, hint });
  }
}

function readOperand(
  command: string,
  { choices, placeholder }: NonNullable<Command["operand"]>,
  value: string,
  hint: string,
): string {
  if (value === "") throw new UsageError({ message: `${command} takes no empty ${placeholder}.`, hint });
  if (choices === undefined || Object.hasOwn(choices, value)) return value;
  const nearest = nearestName(value, Object.keys(choices));
  const suggestion = nearest === null ? "" : ` Did you mean "${nearest}"?`;
  throw new UsageError({ message: `${command} knows no "${value}".${suggestion}`, hint });
}

export function unknownOption(rawName: string, known: readonly string[], hint: string): UsageError {
  const nearest = nearestName(rawName.replace(/^-+/, ""), known);
  const suggestion = nearest === null ? "" : ` Did you mean --${nearest}?`;
  return new UsageError({ message: `There is no option ${rawName}.${suggestion}`, hint });
}

/** Splits the arguments; what is wrong with them is found out above, in words of our own. */
function readTokens(args: readonly string[], known: Record<string, CommandOption>) {
  const options = Object.fromEntries(
    Object.entries(known).map(([name, { kind, short }]) => [
      name,
      { type: kind === "flag" ? ("boolean" as const) : ("string" as const), ...(short === undefined ? {} : { short }) },
    ]),
  );
  return parseArgs({ args: [...args], options, strict: false, allowPositionals: true, tokens: true }).tokens;
}

/** An option as people write one; a text that begins with dashes and goes on with words is a text. */
const OPTION = /^--[a-z][\w-]*(=.*)?$/is;

function readValue(
  name: string,
  { kind, choices, placeholder }: CommandOption,
  { value, inlineValue }: { value?: string | undefined; inlineValue?: boolean | undefined },
  hint: string,
): string | number | boolean {
  if (kind === "flag") {
    if (value !== undefined) throw new UsageError({ message: `${name} takes no value, found "${value}".`, hint });
    return true;
  }
  const isOption = value !== undefined && !inlineValue && OPTION.test(value);
  if (value === undefined || value === "" || isOption) {
    const message = `${name} needs a value: ${name} ${placeholder}.`;
    throw new UsageError(
      isOption ? { message, hint: `If ${value} is the value, write ${name}=${value}.` } : { message, hint },
    );
  }
  if (choices !== undefined && !choices.includes(value)) {
    throw new UsageError({ message: `${name} takes ${choices.join(" or ")}, found "${value}".`, hint });
  }
  if (kind === "text") return value;
  // The schema of the key that it sets says which numbers are right.
  if (kind === "number") return Number.isNaN(Number(value)) || value.trim() === "" ? value : Number(value);
  const number = /^\d+(\.\d+)?$/.test(value) ? Number(value) : Number.NaN;
  if (!(number > 0 && Number.isFinite(number))) {
    throw new UsageError({ message: `${name} takes a number above 0, found "${value}".`, hint });
  }
  return number;
}
