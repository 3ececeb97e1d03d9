import { type Command, type CommandOption, commonOptions, optionsOf } from "../command-line/command.js";

/** Words and files that may follow an option or stand for an operand. */
export interface Candidates {
  words: readonly string[];
  /** Whether names of files and folders fit as well. */
  hasFiles: boolean;
}

/** One option as a shell completes it. */
export interface CompletedOption {
  name: string;
  short: string | undefined;
  /** One short sentence. */
  description: string;
  /** Name of the value, or null for a flag. */
  placeholder: string | null;
  value: Candidates;
}

/** One command as a shell completes it. */
export interface CompletedCommand {
  name: string;
  description: string;
  operand: Candidates & { placeholder: string; repeats: boolean };
  options: readonly CompletedOption[];
}

/** Returns the program's own options as shells complete them. */
export function completeProgram(): readonly CompletedOption[] {
  return Object.entries(commonOptions).map(([name, option]) => completeOption(name, option));
}

/** Returns the commands as shells complete them, with `help` among them. */
export function completeCommands(commands: readonly Command[]): readonly CompletedCommand[] {
  const nothing = { words: [], hasFiles: false, placeholder: "", repeats: false };
  const known = commands.map((command) => {
    const { name, summary, operand } = command;
    return {
      name,
      description: firstSentence(summary),
      operand:
        operand === undefined
          ? nothing
          : {
              words: Object.keys(operand.choices ?? {}),
              hasFiles: operand.choices === undefined,
              placeholder: operand.placeholder,
              repeats: operand.repeats === true,
            },
      options: Object.entries(optionsOf(command)).map(([name, option]) => completeOption(name, option)),
    };
  });
  const words = commands.map(({ name }) => name);
  const description = "Show the help of a command";
  return [...known, { name: "help", description, operand: { ...nothing, words, placeholder: "COMMAND" }, options: [] }];
}

function completeOption(name: string, option: CommandOption): CompletedOption {
  const { kind, short, description, placeholder = "", choices = [] } = option;
  const [first = "", ...others] = placeholder.split("|");
  return {
    name,
    short,
    description: firstSentence(description),
    placeholder: kind === "flag" ? null : first,
    value: {
      words: [...choices, ...others.filter((word) => !choices.includes(word))],
      hasFiles: /^(PATH|FILE|DIR)$/.test(first) && choices.length === 0,
    },
  };
}

/** `Show this help. And more.` → `Show this help`. */
function firstSentence(text: string): string {
  return text.replace(/\.(\s.*)?$/s, "");
}
