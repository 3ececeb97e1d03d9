import type { CommandAction } from "../command-line/command.js";

export const showAgent: CommandAction = async () => {
  throw new Error("not written yet");
};
