import type { CommandAction } from "../command-line/command.js";

/** Writes a new pair of keys. */
export const writeNewKey: CommandAction = async () => {
  throw new Error("not written yet");
};
