import type { CommandAction } from "../command-line/command.js";

export const updateFleet: CommandAction = async () => {
  throw new Error("not written yet");
};
