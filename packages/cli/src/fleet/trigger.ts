import type { CommandAction } from "../command-line/command.js";

export const triggerAgent: CommandAction = async () => {
  throw new Error("not written yet");
};
