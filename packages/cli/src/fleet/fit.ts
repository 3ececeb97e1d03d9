import type { RegisteredAgent } from "@nanoagent/fleet";
import type { CommandAction } from "../command-line/command.js";
import { exitCodes } from "../exit-codes.js";
import { modelFileOf } from "../named-models/model-file-of.js";
import { findModels } from "../optimize/find-models.js";
import { readGoal } from "../optimize/optimize-model.js";
import { formatJson } from "../output/format.js";
import { plainText } from "../output/plain-text.js";
import { connectFleet } from "./connect.js";
import { fitAgents } from "./fit-agents.js";
import { formatFits } from "./format-fits.js";
import { noteLeftOut } from "./left-out.js";
import { readSelection, selectFrom } from "./read-selection.js";

/** Prints which agents could run a model, with a plan for the device of each. */
export const fitFleet: CommandAction = async (values, streams) => {
  const model = String(values.model);
  const goal = readGoal(values);
  const selector = readSelection(values.selector, values);
  const found = await findModels(await modelFileOf(model, streams), { mustBeThere: true });
  for (const text of found.notices) streams.stderr.write(plainText(`note: ${text}\n`));
  const agents = await readAgents();
  const budgetMb = values["budget-mb"] === undefined ? undefined : Number(values["budget-mb"]);
  const fits = await fitAgents(agents, found, { model, contextTokens: goal.contextTokens, budgetMb });
  const { isTTY, columns } = streams.stdout;
  streams.stdout.write(
    values.json === true
      ? formatJson(fits)
      : formatFits(fits, isTTY === true && columns ? columns : Number.POSITIVE_INFINITY),
  );
  return exitCodes.done;

  /** Plans need no broker, and may take long. */
  async function readAgents(): Promise<readonly RegisteredAgent[]> {
    await using fleet = await connectFleet(values, streams);
    noteLeftOut(fleet.registry, streams);
    return selectFrom(fleet.registry.agents, selector);
  }
};
