import type { CommandAction } from "../command-line/command.js";

export const askAgent: CommandAction = async () => {
  throw new Error("not written yet");
};
