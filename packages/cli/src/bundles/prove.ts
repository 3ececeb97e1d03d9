import type { CommandAction } from "../command-line/command.js";

/** Starts the agent of a folder and asks its smoke questions. */
export const proveFolder: CommandAction = async () => {
  throw new Error("not written yet");
};
