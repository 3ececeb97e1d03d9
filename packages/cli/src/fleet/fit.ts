import type { CommandAction } from "../command-line/command.js";

export const fitFleet: CommandAction = async () => {
  throw new Error("not written yet");
};
