import type { CommandAction } from "../command-line/command.js";

/** Verifies a bundle. */
export const verifyFile: CommandAction = async () => {
  throw new Error("not written yet");
};
