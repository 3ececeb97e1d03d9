import type { CommandAction } from "../command-line/command.js";

export const updateFleet: CommandAction = async (values) => {
  throw new Error(`not written yet: update ${values.agents} with ${values.bundle}`);
};
