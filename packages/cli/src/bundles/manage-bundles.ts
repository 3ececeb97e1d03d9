import type { CommandAction } from "../command-line/command.js";

/** Runs an action of `nanoagent bundle`. Each loads only the code that it needs. */
export const manageBundles: CommandAction = async (values, streams, commands) => {
  const load = actions[String(values.action)];
  if (load === undefined) throw new Error(`bundle has no action ${values.action}`);
  const action = await load();
  return action(values, streams, commands);
};

const actions: Readonly<Record<string, () => Promise<CommandAction>>> = {
  create: async () => (await import("./create.js")).createFromFolder,
  sign: async () => (await import("./sign.js")).signFile,
  verify: async () => (await import("./verify.js")).verifyFile,
  "new-key": async () => (await import("./new-key.js")).writeNewKey,
  apply: async () => (await import("./apply.js")).applyBundle,
  rollback: async () => (await import("./rollback.js")).rollBack,
  list: async () => (await import("./list.js")).listReleases,
  prove: async () => (await import("./prove.js")).proveFolder,
};
