import type { CommandAction } from "../command-line/command.js";

/** Makes a bundle from a folder. */
export const createFromFolder: CommandAction = async () => {
  throw new Error("not written yet");
};
