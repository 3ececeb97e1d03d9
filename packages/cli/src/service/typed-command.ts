import { realpathSync } from "node:fs";
import path from "node:path";

/** Folders in which `sudo` finds programs. */
const FOLDERS_OF_SUDO = ["/usr/local/bin", "/usr/bin"];

/**
 * Returns the words with which root runs this program. `sudo` does not search the folders of a version manager, so the
 * words are then the paths of Node and of the program.
 */
export function sudoProgram(node = process.execPath, program = process.argv[1] ?? "nanoagent"): string {
  const isFound =
    FOLDERS_OF_SUDO.includes(path.dirname(node)) && FOLDERS_OF_SUDO.some((folder) => isIn(folder, program));
  return isFound ? "sudo nanoagent" : `sudo ${shellWord(node)} ${shellWord(program)}`;
}

function isIn(folder: string, program: string): boolean {
  try {
    return realpathSync(path.join(folder, "nanoagent")) === realpathSync(program);
  } catch {
    return false;
  }
}

/** A word that a shell reads as one, in quotes if needed. */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** The options that name a service in a command: empty for the usual one. */
export function nameOptions({ name, isUser }: { name: string; isUser: boolean }): string {
  const short = name.replace(/^nanoagent-/, "");
  // `--name` leaves a prefix as it is, so a name with two of them is given in full.
  const given = /^nanoagent(?:-|$)/.test(short) ? name : short;
  return `${isUser ? " --user" : ""}${name === "nanoagent" ? "" : ` --name ${given}`}`;
}
