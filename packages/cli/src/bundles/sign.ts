import type { CommandAction } from "../command-line/command.js";

/** Signs a bundle. */
export const signFile: CommandAction = async () => {
  throw new Error("not written yet");
};
