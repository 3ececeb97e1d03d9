import { type AgentChange, type RegisteredAgent, selects } from "@nanoagent/fleet";
import type { CommandAction } from "../command-line/command.js";
import { exitCodes } from "../exit-codes.js";
import { onAbort } from "../on-abort.js";
import { formatJson } from "../output/format.js";
import { formatTime } from "../output/format-time.js";
import type { StopRequest } from "../streams.js";
import { connectFleet } from "./connect.js";
import { bundleOf, concernsOf, describeUpdate, modelOf, safe, summaryOf } from "./describe-agent.js";
import { noteLeftOut } from "./left-out.js";
import { readSelection, selectFrom } from "./read-selection.js";

/** Prints a line for each change of the fleet until the program is stopped. */
export const watchFleet: CommandAction = async (values, streams) => {
  const { stdout, stderr, stop } = streams;
  const selector = readSelection(values.agents, values);
  await using fleet = await connectFleet(values, streams);
  const { registry } = fleet;
  registry.onChange((agent, change) => {
    // An agent that is gone is told of whatever it was like.
    if (change !== "forgotten" && !selects(selector, agent)) return;
    const at = new Date();
    stdout.write(
      values.json
        ? formatJson({ at: at.toISOString(), change, ...withoutTime(agent) })
        : `${formatTime(at)}  ${safe(agent.id)}  ${describe(agent, change)}\n`,
    );
  });
  noteLeftOut(registry, streams);
  const count = selectFrom(registry.agents, selector).length;
  stderr.write(`Watching ${count} ${count === 1 ? "agent" : "agents"}. Ctrl-C ends.\n`);
  await new Promise<void>((resolve) => onAbort(stop, resolve));
  return (stop.reason as StopRequest | undefined)?.exitCode ?? exitCodes.interrupted;
};

function withoutTime(agent: RegisteredAgent) {
  const { at: _, ...summary } = summaryOf(agent);
  return summary;
}

function describe(agent: RegisteredAgent, change: AgentChange): string {
  const { card, update, online } = agent;
  const facts = [card.device.device_id, modelOf(agent), bundleOf(agent), card.health.status, ...concernsOf(agent)];
  switch (change) {
    case "registered":
      return ["registered", online ? "online" : "offline", ...facts.filter((fact) => fact !== "").map(safe)].join(", ");
    case "card":
      return ["changed", ...facts.filter((fact) => fact !== "").map(safe)].join(", ");
    case "update":
      return update === null ? "update cleared" : safe(describeUpdate(update));
    default:
      return change;
  }
}
