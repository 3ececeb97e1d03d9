import type { Streams } from "../streams.js";

/** One option of a command: parsed, checked, shown in the help, and completed by shells from this row. */
export interface CommandOption {
  /**
   * The option's value: none, any text, a path with `~` expanded, a number that the schema of its key checks, or a
   * positive number.
   */
  kind: "flag" | "text" | "path" | "number" | "positive-number";
  /** Name of the value in the help: `PATH`. */
  placeholder?: string;
  description: string;
  /** One letter: `-h`. */
  short?: string;
  required?: boolean;
  /** Operands with which the option must be given. */
  requiredFor?: readonly string[];
  /** Accepted values. Default: any text. */
  choices?: readonly string[];
  /** Operands with which the option has an effect. With others it is refused. Default: all. */
  operands?: readonly string[];
  /** Options that leave this one without effect. Together they are refused. */
  notWith?: readonly string[];
  /** Options of which one must be given for this one to have an effect. Without them it is refused. */
  onlyWith?: readonly string[];
  /** Whether the option may be repeated; its value is then a list, even of one. */
  repeats?: true;
}

/** Values of a command's options and operand, by name. An option that was not given is absent. */
export interface OptionValues {
  readonly [name: string]: string | number | boolean | readonly string[] | undefined;
}

/** Runs a command and returns its exit code. `commands` is the table that the command is in. */
export type CommandAction = (values: OptionValues, streams: Streams, commands: readonly Command[]) => Promise<number>;

/** Argument after a command's name. */
export interface CommandOperand {
  name: string;
  placeholder: string;
  /** Accepted words with their descriptions. Default: any word, or no operand. */
  choices?: Readonly<Record<string, string>>;
  /** Whether the operand is a path, with `~` expanded. */
  isPath?: true;
  /** Whether the operand may be repeated; its value is then a list. */
  repeats?: true;
  /** Whether the operand may be omitted although it has choices. */
  isOptional?: true;
  /** Second operand, for each choice that takes one. */
  second?: Readonly<Record<string, SecondOperand>>;
}

/** Operand after a choice: `pull NAME`. */
export interface SecondOperand {
  name: string;
  placeholder: string;
  /** Whether the operand is a path, with `~` expanded. */
  isPath?: true;
  isOptional?: true;
  /** Operand after it: `ask ID MESSAGE`. */
  third?: Omit<SecondOperand, "third">;
}

/** A command as plain data; its action is loaded when it is called. */
export interface Command {
  name: string;
  /** One line, for the list of commands. */
  summary: string;
  /** Lines to read before the first use. */
  details: string;
  operand?: CommandOperand;
  options: Record<string, CommandOption>;
  /** At least one of these options must be given. */
  needsOneOf?: readonly string[];
  examples: readonly string[];
  loadAction: () => Promise<CommandAction>;
}

/** Options of the program and of every command. */
export const commonOptions: Record<string, CommandOption> = {
  help: { kind: "flag", short: "h", description: "Show this help." },
  version: { kind: "flag", description: "Show the version." },
  debug: { kind: "flag", description: "Show the stack of an error." },
};

/** Returns the options of a command, and the common ones. A command may have an option with the name of a common one. */
export function optionsOf(command: Command | null): Record<string, CommandOption> {
  return { ...command?.options, ...commonOptions, ...command?.options };
}
