import type { CommandAction } from "../command-line/command.js";

/** Lists the releases. */
export const listReleases: CommandAction = async () => {
  throw new Error("not written yet");
};
