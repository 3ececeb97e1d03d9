import type { CommandAction } from "../command-line/command.js";

/** Runs an action of `nanoagent triggers`. Each loads only the code that it needs. */
export const manageTriggers: CommandAction = async (values, streams, commands) => {
  const load = actions[String(values.action)];
  if (load === undefined) throw new Error(`triggers has no action ${values.action}`);
  const action = await load();
  return action(values, streams, commands);
};

const actions: Readonly<Record<string, () => Promise<CommandAction>>> = {
  list: async () => (await import("./list-triggers.js")).listTriggers,
  test: async () => (await import("./test-trigger.js")).testTrigger,
  run: async () => (await import("./run-trigger.js")).runTrigger,
  log: async () => (await import("./show-log.js")).showLog,
};
