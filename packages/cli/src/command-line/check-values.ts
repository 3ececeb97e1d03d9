import { nearestName } from "@nanoagent/models";
import { expandHome } from "@nanoagent/runtime/program";
import { UsageError } from "../errors/usage-error.js";
import type { Command, CommandOperand, CommandOption, OptionValues, SecondOperand } from "./command.js";
import { optionsHint } from "./mark-values.js";

/**
 * Returns the values of a command's options and operands with their types. `given` has each option's texts by name, or
 * true for a flag. Throws {@link UsageError} for a value that is missing, wrong or without effect.
 */
export function checkValues(
  command: Command,
  given: ReadonlyMap<string, true | readonly string[]>,
  operands: readonly string[],
): OptionValues {
  const hint = optionsHint(command);
  const values: Record<string, OptionValues[string]> = {};
  for (const [name, texts] of given) {
    const option = command.options[name];
    if (texts === true || option === undefined) values[name] = true;
    else if (option.repeats) values[name] = texts.map((text) => String(readValue(`--${name}`, option, text, hint)));
    else values[name] = readValue(`--${name}`, option, texts[0] ?? "", hint);
  }
  readOperands(command, operands, values, hint);
  if (values.help || values.version === true) return values;
  refuseMissing(command, values, hint);
  refuseIdle(command, values, hint);
  refuseMissingForAction(command, values, hint);
  return values;
}

/** Returns the values of an option that may be repeated; empty if it was not given. */
export function listOf(value: OptionValues[string]): readonly string[] {
  return Array.isArray(value) ? value : value === undefined ? [] : [String(value)];
}

function readOperands(
  command: Command,
  operands: readonly string[],
  values: Record<string, OptionValues[string]>,
  hint: string,
): void {
  const { operand } = command;
  for (const word of operands) {
    if (operand !== undefined && values[operand.name] !== undefined && !operand.repeats) {
      readFurtherOperand(command, operand, word, values, hint);
      continue;
    }
    if (operand === undefined) throw strayValue(command, word, hint);
    const value = readOperand(command.name, operand, word, hint);
    values[operand.name] = operand.repeats ? [...listOf(values[operand.name]), value] : value;
  }
}

/** Reads an operand after a choice. */
function readFurtherOperand(
  command: Command,
  operand: CommandOperand,
  word: string,
  values: Record<string, OptionValues[string]>,
  hint: string,
): void {
  const choice = String(values[operand.name]);
  const next = furtherOperands(operand, choice).find(({ name }) => values[name] === undefined);
  if (next === undefined) throw strayValue(command, word, hint);
  const { name, placeholder, isPath } = next;
  values[name] = readOperand(`${command.name} ${choice}`, { name, placeholder, ...(isPath && { isPath }) }, word, hint);
}

/** Returns the operands after a choice, in their order. */
function furtherOperands(operand: CommandOperand | undefined, choice: string): readonly SecondOperand[] {
  const second = operand?.second?.[choice];
  if (second === undefined) return [];
  return second.third === undefined ? [second] : [second, second.third];
}

function readOperand(command: string, operand: CommandOperand, value: string, hint: string): string {
  const { choices, placeholder } = operand;
  if (value === "") throw new UsageError({ message: `${placeholder} of ${command} is empty.`, hint });
  if (operand.isPath) return readPath(placeholder, value);
  if (choices === undefined || Object.hasOwn(choices, value)) return value;
  const nearest = nearestName(value, Object.keys(choices));
  const suggestion = nearest === null ? "" : ` Did you mean "${nearest}"?`;
  throw new UsageError({ message: `Unknown ${placeholder} "${value}" for ${command}.${suggestion}`, hint });
}

/** Returns the error for an unexpected argument. A file name is most often the value of an option. */
function strayValue({ name, options }: Command, value: string, hint: string): UsageError {
  const option = /\.(?:ya?ml|json)$/i.test(value) ? "config" : /[./\\]/.test(value) ? "model" : "";
  const suggestion = Object.hasOwn(options, option) ? ` Did you mean --${option} ${value}?` : "";
  return new UsageError({ message: `Unexpected argument "${value}" for ${name}.${suggestion}`, hint });
}

function refuseMissing(command: Command, values: OptionValues, hint: string): void {
  const { name, options, operand, needsOneOf } = command;
  for (const [option, { required, placeholder }] of Object.entries(options)) {
    if (required && values[option] === undefined) {
      throw new UsageError({ message: `${name} needs --${option} ${placeholder}.`, hint });
    }
  }
  if (operand?.choices !== undefined && !operand.isOptional && values[operand.name] === undefined) {
    const choices = Object.keys(operand.choices).join(", ");
    throw new UsageError({ message: `${name} needs ${operand.placeholder}: one of ${choices}.`, hint });
  }
  const choice = operand === undefined ? undefined : values[operand.name];
  for (const further of furtherOperands(operand, String(choice))) {
    if (further.isOptional || values[further.name] !== undefined) continue;
    throw new UsageError({ message: `${name} ${choice} needs ${further.placeholder}.`, hint });
  }
  if (needsOneOf?.every((option) => values[option] === undefined)) {
    const names = needsOneOf.map((option) => `--${option} ${options[option]?.placeholder}`);
    throw new UsageError({ message: `${name} needs ${names.join(" or ")}.`, hint });
  }
}

/** Refuses an action without an option that only this action needs. */
function refuseMissingForAction({ name, options, operand }: Command, values: OptionValues, hint: string): void {
  const choice = operand === undefined ? undefined : values[operand.name];
  for (const [option, { requiredFor, placeholder }] of Object.entries(options)) {
    if (values[option] !== undefined || !requiredFor?.includes(String(choice))) continue;
    throw new UsageError({ message: `${name} ${choice} needs --${option} ${placeholder}.`, hint });
  }
}

/** Refuses an option that has no effect with the other options or the operand. */
function refuseIdle({ name, options, operand }: Command, values: OptionValues, hint: string): void {
  const action = operand === undefined ? undefined : values[operand.name];
  for (const [option, { operands, notWith = [], onlyWith = [] }] of Object.entries(options)) {
    if (values[option] === undefined) continue;
    if (onlyWith.length > 0 && onlyWith.every((needed) => values[needed] === undefined)) {
      const needed = onlyWith.map((one) => `--${one}`).join(" or ");
      throw new UsageError({ message: `--${option} has no effect without ${needed}.`, hint });
    }
    const other = notWith.find((candidate) => values[candidate] !== undefined);
    if (other !== undefined) throw new UsageError({ message: `--${option} has no effect with --${other}.`, hint });
    if (operands === undefined || action === undefined || operands.includes(String(action))) continue;
    const where = operands.map((one) => `${name} ${one}`).join(" and ");
    throw new UsageError({ message: `--${option} has no effect on ${name} ${action}; it is for ${where}.`, hint });
  }
}

function readValue(name: string, { kind, choices }: CommandOption, value: string, hint: string): string | number {
  if (choices !== undefined && !choices.includes(value)) {
    throw new UsageError({ message: `${name} takes ${choices.join(" or ")}, found "${value}".`, hint });
  }
  if (kind === "text") return value;
  if (kind === "path") return readPath(name, value);
  // The schema of the key that the option sets checks the range.
  if (kind === "number") return Number.isNaN(Number(value)) || value.trim() === "" ? value : Number(value);
  const number = /^\d+(\.\d+)?$/.test(value) ? Number(value) : Number.NaN;
  if (!(number > 0 && Number.isFinite(number))) {
    throw new UsageError({ message: `${name} takes a positive number, found "${value}".`, hint });
  }
  return number;
}

/** Expands `~` at the beginning of a path. Throws {@link UsageError}, which names the value as `name`, for `~user`. */
export function readPath(name: string, value: string): string {
  const expanded = expandHome(value);
  if ("path" in expanded) return expanded.path;
  const { problem, advice } = expanded;
  throw new UsageError({
    message: `${name} "${value}" cannot be used: ${problem}.`,
    hint: `${advice.charAt(0).toUpperCase()}${advice.slice(1)}.`,
  });
}
