import type { CommandAction } from "../command-line/command.js";
import { exitCodes } from "../exit-codes.js";
import { completeBash } from "./complete-bash.js";
import { completeFish } from "./complete-fish.js";
import { completeZsh } from "./complete-zsh.js";
import { completeCommands, completeProgram } from "./completions.js";

const writers = { bash: completeBash, zsh: completeZsh, fish: completeFish };

/** Prints the completion script of a shell. */
export const printCompletion: CommandAction = async ({ shell }, { stdout }, commands) => {
  const write = writers[shell as keyof typeof writers];
  stdout.write(write(completeCommands(commands), completeProgram()));
  return exitCodes.done;
};
