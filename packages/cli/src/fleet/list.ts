import type { CommandAction } from "../command-line/command.js";
import { exitCodes } from "../exit-codes.js";
import { formatJson } from "../output/format.js";
import { plainText } from "../output/plain-text.js";
import { connectFleet } from "./connect.js";
import { safe, summaryOf } from "./describe-agent.js";
import { formatAgents } from "./format-agents.js";
import { noteLeftOut } from "./left-out.js";
import { readSelection, selectFrom } from "./read-selection.js";

/** Lists the agents that the broker knows. */
export const listFleet: CommandAction = async (values, streams) => {
  const { stdout } = streams;
  const selector = readSelection(values.agents, values);
  await using fleet = await connectFleet(values, streams);
  const { registry } = fleet;
  const selected = selectFrom(registry.agents, selector);
  if (values.json) stdout.write(formatJson(selected.map(summaryOf)));
  else if (selected.length > 0) {
    stdout.write(plainText(`${formatAgents(selected, stdout.columns).join("\n")}\n`));
  } else if (registry.agents.length === 0) stdout.write(`No agents are registered below ${safe(registry.prefix)}.\n`);
  else stdout.write(`The selector selects none of the ${registry.agents.length} agents.\n`);
  noteLeftOut(registry, streams);
  return exitCodes.done;
};
