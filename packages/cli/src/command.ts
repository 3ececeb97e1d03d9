import type { Streams } from "./streams.js";

/** One option of a command, as it is parsed, checked and shown in the help. */
export interface CommandOption {
  /** The option's value: none, any text, a number that the schema of its key checks, or a positive number. */
  kind: "flag" | "text" | "number" | "positive-number";
  /** What the help calls its value: `PATH`. */
  placeholder?: string;
  description: string;
  /** One letter: `-h`. */
  short?: string;
  required?: boolean;
  /** The only texts that it takes, where not any will do. */
  choices?: readonly string[];
  /** The operands with which it has an effect; with others it is refused. Default: all. */
  operands?: readonly string[];
  /** Options beside which it has no effect, and so is refused. */
  notWith?: readonly string[];
  /** Whether it may be given several times; its value is the list then, of one as well. */
  repeats?: true;
}

/** The values of a command's options, by name; an option that was not given is absent. */
export interface OptionValues {
  readonly [name: string]: string | number | boolean | readonly string[] | undefined;
}

/** Does what a command is for and returns the exit code. */
export type CommandAction = (values: OptionValues, streams: Streams) => Promise<number>;

/** A command as plain data; what it does is loaded when it is called. */
export interface Command {
  name: string;
  /** One line, for the list of commands. */
  summary: string;
  /** What a person should know before using it. */
  details: string;
  /**
   * Argument after the command's name: one of `choices`, or any optional word if there are no choices; with
   * `repeats` any number of them, as a list.
   */
  operand?: { name: string; placeholder: string; choices?: Readonly<Record<string, string>>; repeats?: true };
  options: Record<string, CommandOption>;
  /** At least one of these options must be given. */
  needsOneOf?: readonly string[];
  examples: readonly string[];
  loadAction: () => Promise<CommandAction>;
}
