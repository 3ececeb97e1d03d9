import type { CommandAction } from "../command-line/command.js";

/** Goes back to the release before. */
export const rollBack: CommandAction = async () => {
  throw new Error("not written yet");
};
