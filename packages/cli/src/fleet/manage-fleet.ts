import type { CommandAction } from "../command-line/command.js";
import type { StopRequest } from "../streams.js";

/** Runs an action of `nanoagent fleet`. Each loads only the code that it needs. */
export const manageFleet: CommandAction = async (values, streams, commands) => {
  const load = actions[String(values.action)];
  if (load === undefined) throw new Error(`fleet has no action ${values.action}`);
  const action = await load();
  try {
    return await action(values, streams, commands);
  } catch (error) {
    // The signal ends every wait with its own reason.
    if (!streams.stop.aborted) throw error;
    return (streams.stop.reason as StopRequest).exitCode;
  }
};

const actions: Readonly<Record<string, () => Promise<CommandAction>>> = {
  list: async () => (await import("./list.js")).listFleet,
  show: async () => (await import("./show.js")).showAgent,
  watch: async () => (await import("./watch.js")).watchFleet,
  fit: async () => (await import("./fit.js")).fitFleet,
  ask: async () => (await import("./ask.js")).askAgent,
  trigger: async () => (await import("./trigger.js")).triggerAgent,
  update: async () => (await import("./update.js")).updateFleet,
  forget: async () => (await import("./forget.js")).forgetAgent,
};
