import { NanoAgentError } from "@nanoagent/models";
import type { CommandAction } from "../command-line/command.js";
import { exitCodes } from "../exit-codes.js";
import type { StopRequest } from "../streams.js";

/** Runs an action of `nanoagent models`. Each loads only the code that it needs. */
export const manageModels: CommandAction = async (values, streams, commands) => {
  const load = actions[String(values.action)];
  if (load === undefined) throw new Error(`models has no action ${values.action}`);
  const action = await load();
  try {
    return await action(values, streams, commands);
  } catch (error) {
    const { stop, stderr } = streams;
    if (!stop.aborted || NanoAgentError.isInstance(error)) throw error;
    const request = stop.reason as StopRequest;
    const kept = values.action === "pull" ? " The partial download is kept, and the same command continues it." : "";
    if (request.cause === "signal") stderr.write(`Interrupted.${kept}\n`);
    else if (values.action === "pull") {
      stderr.write(`The output was closed before the download ended.${kept}\n`);
      request.exitCode = exitCodes.failed;
    }
    return request.exitCode;
  }
};

const actions: Readonly<Record<string, () => Promise<CommandAction>>> = {
  recommend: async () => (await import("./recommend-for-device.js")).recommendForDevice,
  pull: async () => (await import("./pull-by-name.js")).pullByName,
  list: async () => (await import("./show-store.js")).listStore,
  show: async () => (await import("./show-store.js")).showModel,
  path: async () => (await import("./show-store.js")).printPath,
  verify: async () => (await import("./keep-store.js")).verifyStore,
  rm: async () => (await import("./keep-store.js")).removeFromStore,
  import: async () => (await import("./keep-store.js")).importFile,
  export: async () => (await import("./keep-store.js")).exportFile,
  prune: async () => (await import("./keep-store.js")).pruneFromStore,
};
