import {
  currentCatalogue,
  type Recommendation,
  type Recommendations,
  type RecommendOptions,
  readHubEnvironment,
  recommendModels,
} from "@nanoagent/hub";
import { BYTES_PER_MB, NanoAgentError } from "@nanoagent/models";
import type { CommandAction, OptionValues } from "../command-line/command.js";
import { exitCodes } from "../exit-codes.js";
import { planFactsFor } from "../optimize/plan-facts-for.js";
import { type PlanningDevice, readPlanningDevice } from "../optimize/planning-device.js";
import { formatJson } from "../output/format.js";
import type { Streams } from "../streams.js";
import { formatRecommendations } from "./format-recommendations.js";
import { writeNotices } from "./show-store.js";

/** Prints known models that fit the device, best first. If none fits, that is an error with exit code 3. */
export const recommendForDevice: CommandAction = async (values, streams) => {
  const { stdout } = streams;
  const device = await readPlanningDevice(values);
  const use = (values.for ?? null) as RecommendOptions["for"];
  const found = await findRecommendations(device, use, streams);
  if (found.models.length === 0) throw nothingFits(found, device, values);
  if (values.json) {
    stdout.write(
      formatJson({
        device: device.device,
        budget_mb: device.budgetBytes / BYTES_PER_MB,
        models: found.models.map(jsonOf),
      }),
    );
    return exitCodes.done;
  }
  const width = stdout.isTTY === true && stdout.columns ? stdout.columns : null;
  stdout.write(formatRecommendations(found, { device, width, use }));
  return exitCodes.done;
};

/** Returns the models of the catalogue that fit a device, best first. Nothing is downloaded. */
export async function findRecommendations(
  device: PlanningDevice,
  use: RecommendOptions["for"],
  streams: Pick<Streams, "stderr">,
): Promise<Recommendations> {
  const { catalogue, notices } = await currentCatalogue(readHubEnvironment());
  writeNotices([...device.notices, ...notices], streams);
  const facts = await planFactsFor(device);
  return recommendModels(catalogue, { facts, measurement: device.measurement, for: use });
}

function jsonOf({ plan: _, ...recommendation }: Recommendation): Omit<Recommendation, "plan"> {
  return recommendation;
}

function nothingFits({ left_out }: Recommendations, device: PlanningDevice, values: OptionValues): NanoAgentError {
  const needs = left_out.flatMap(({ memory_bytes }) => memory_bytes ?? []);
  const least = needs.length === 0 ? null : Math.ceil(Math.min(...needs) / BYTES_PER_MB);
  const budget = Math.floor(device.budgetBytes / BYTES_PER_MB);
  return new NanoAgentError({
    code: "does-not-fit",
    message: `No model of the catalogue${values.for === undefined ? "" : ` for ${values.for}`} fits ${budget} MB.`,
    reason: least === null ? undefined : `The smallest needs ${least} MB, and the program some more.`,
    hint: "Raise --budget-mb, or use an agent without a model: nanoagent init.",
  });
}
