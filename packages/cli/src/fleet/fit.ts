import { parseSelector, type RegisteredAgent, selects } from "@nanoagent/fleet";
import type { CommandAction, OptionValues } from "../command-line/command.js";
import { exitCodes } from "../exit-codes.js";
import { modelFileOf } from "../named-models/model-file-of.js";
import { findModels } from "../optimize/find-models.js";
import { readGoal } from "../optimize/optimize-model.js";
import { formatJson } from "../output/format.js";
import { plainText } from "../output/plain-text.js";
import { connectFleet } from "./connect.js";
import { fitAgents } from "./fit-agents.js";
import { formatFits } from "./format-fits.js";

/** Prints which agents could run a model, with a plan for the device of each. */
export const fitFleet: CommandAction = async (values, streams) => {
  const model = String(values.model);
  const goal = readGoal(values);
  const selector = parseSelector(selectorOf(values));
  const found = await findModels(await modelFileOf(model, streams), { mustBeThere: true });
  const note = (text: string) => streams.stderr.write(plainText(`note: ${text}\n`));
  for (const text of found.notices) note(text);
  // Plans need no broker, and may take long.
  const { agents, malformed } = await readAgents();
  const budgetMb = values["budget-mb"] === undefined ? undefined : Number(values["budget-mb"]);
  const selected = agents.filter((agent) => selects(selector, agent));
  const fits = await fitAgents(selected, found, { model, contextTokens: goal.contextTokens, budgetMb });
  if (malformed > 0)
    note(`${malformed} ${malformed === 1 ? "card was" : "cards were"} left out, which cannot be read.`);
  const { isTTY, columns } = streams.stdout;
  streams.stdout.write(
    values.json === true
      ? formatJson(fits)
      : formatFits(fits, isTTY === true && columns ? columns : Number.POSITIVE_INFINITY),
  );
  return exitCodes.done;

  async function readAgents(): Promise<{ agents: readonly RegisteredAgent[]; malformed: number }> {
    await using fleet = await connectFleet(values, streams);
    const { agents, malformed } = fleet.registry;
    return { agents: [...agents], malformed };
  }
};

function selectorOf({ selector = "all", label = [], version, health }: OptionValues): string {
  return [
    String(selector),
    ...[label].flat().map((text) => `label.${text}`),
    ...(version === undefined ? [] : [`version=${version}`]),
    ...(health === undefined ? [] : [`health=${health}`]),
  ].join(",");
}
