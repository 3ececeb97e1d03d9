import type { CommandAction } from "../command-line/command.js";

export const forgetAgent: CommandAction = async () => {
  throw new Error("not written yet");
};
