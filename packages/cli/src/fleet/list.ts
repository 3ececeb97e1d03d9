import type { CommandAction } from "../command-line/command.js";

export const listFleet: CommandAction = async () => {
  throw new Error("not written yet");
};
