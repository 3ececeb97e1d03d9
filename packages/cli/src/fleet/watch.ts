import type { CommandAction } from "../command-line/command.js";

export const watchFleet: CommandAction = async () => {
  throw new Error("not written yet");
};
