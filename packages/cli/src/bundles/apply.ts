import type { CommandAction } from "../command-line/command.js";

/** Applies a bundle. */
export const applyBundle: CommandAction = async () => {
  throw new Error("not written yet");
};
