import type { CommandAction } from "../command-line/command.js";
import { exitCodes } from "../exit-codes.js";
import { formatJson } from "../output/format.js";
import { connectFleet } from "./connect.js";
import { safe } from "./describe-agent.js";

/** Clears everything that the broker keeps of an agent. */
export const forgetAgent: CommandAction = async (values, streams) => {
  const id = String(values.id);
  await using fleet = await connectFleet(values, streams);
  const { registry, discoveryPrefix } = fleet;
  const wasOnline = registry.agents.some((agent) => agent.id === id && agent.online);
  const cleared = await registry.forget(id, { signal: streams.stop, force: values.force === true, discoveryPrefix });
  const topics = `${cleared} ${cleared === 1 ? "topic" : "topics"}`;
  streams.stdout.write(values.json ? formatJson({ id, cleared }) : `Cleared ${topics} of ${safe(id)}.\n`);
  if (wasOnline) {
    streams.stderr.write(
      `note: ${safe(id)} is still online. It is back in the list when it changes or connects again.\n`,
    );
  }
  return exitCodes.done;
};
