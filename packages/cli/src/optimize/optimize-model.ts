import { BYTES_PER_MB, NanoAgentError } from "@nanoagent/models";
import { isEstimated, missedFloors, modelNotices, type PlanGoal } from "@nanoagent/optimizer";
import type { CommandAction, OptionValues } from "../command-line/command.js";
import { UsageError } from "../errors/usage-error.js";
import { exitCodes } from "../exit-codes.js";
import { isModelName, modelFileOf } from "../named-models/model-file-of.js";
import { formatJson } from "../output/format.js";
import { plainText } from "../output/plain-text.js";
import type { Streams } from "../streams.js";
import { adviseSize, formatAdvice } from "./advise-size.js";
import { findModels } from "./find-models.js";
import { formatPlans } from "./format-plans.js";
import { planFactsFor } from "./plan-facts-for.js";
import { planModels } from "./plan-models.js";
import { readPlanningDevice } from "./planning-device.js";

/**
 * Prints how to reach a model's target size, and the plans to run it. If the model does not fit, that is an error of
 * code `does-not-fit`, or a notice with `--target-mb` alone.
 */
export const optimizeModel: CommandAction = async (values, streams, commands) => {
  if (values.calibrate !== undefined) {
    if (values.model !== undefined) {
      throw new UsageError({
        message: "--calibrate and --model cannot be combined.",
        hint: "Calibrate first, then plan with --model.",
      });
    }
    return (await import("./calibrate-device.js")).calibrateDevice(values, streams, commands);
  }
  const targetMb = values["target-mb"] === undefined ? null : Number(values["target-mb"]);
  // With a target alone, the advice is the result, and the plans are an addition to it.
  const mustFit = targetMb === null || values["budget-mb"] !== undefined;
  const goal = readGoal(values);
  const { stdout, stderr } = streams;
  const writeNotice = (text: string) => stderr.write(plainText(`note: ${text}\n`));

  const device = await readPlanningDevice(values);
  const found = await findModels(await modelToPlan(String(values.model), mustFit, streams), { mustBeThere: mustFit });
  for (const text of [...device.notices, ...found.notices]) writeNotice(text);
  const facts = await planFactsFor(device);
  const { measurement } = device;
  const { plans, refusal } = planModels(found, { model: String(values.model), facts, measurement, goal });
  if (refusal !== null && mustFit) throw refusal;
  // A note already says that a file has no plans.
  if (refusal !== null && found.headers.length > 0)
    writeNotice([refusal.message, refusal.hint].filter(Boolean).join(" "));
  for (const header of plans.length > 0 ? found.headers : []) {
    for (const { message, hint } of modelNotices(header, goal.contextTokens ?? null)) {
      writeNotice(`${header.path}: ${message} ${hint}`);
    }
  }
  for (const { path, architecture } of plans.length > 0 ? found.headers.filter(isEstimated) : []) {
    writeNotice(
      `${path}: the computation of ${architecture} is not known in detail. Its KV cache, compute buffer and speed are ` +
        "estimates.",
    );
  }

  const advice = targetMb === null ? null : adviseSize({ found, targetMb, device, plans });
  if (values.json) {
    stdout.write(
      formatJson({
        ...advice,
        device: device.device,
        budget_mb: device.budgetBytes / BYTES_PER_MB,
        budget_source: device.budgetSource,
        model_budget_mb: facts.budgetBytes / BYTES_PER_MB,
        plans: plans.map((plan) => ({ ...plan, missed: missedFloors(plan, goal) })),
      }),
    );
    return exitCodes.done;
  }
  if (advice !== null) stdout.write(formatAdvice(advice));
  if (plans.length > 0) {
    const { isTTY, columns } = streams.stdout;
    const isColored = isTTY === true && !process.env.NO_COLOR && process.env.TERM !== "dumb";
    const width = isTTY === true && columns ? columns : null;
    const isExplained = values.explain === true;
    stdout.write(formatPlans(plans, { device, facts, goal, isColored, width, isExplained }));
  }
  return exitCodes.done;
};

/**
 * Returns the path of the model on the command line, which may also be named. If it need not exist, a text that is not
 * the name of a model on this device is taken for a path.
 */
async function modelToPlan(model: string, mustExist: boolean, streams: Streams): Promise<string> {
  try {
    return (await isModelName(model)) ? await modelFileOf(model, streams) : model;
  } catch (error) {
    if (mustExist || !NanoAgentError.isInstance(error)) throw error;
    return model;
  }
}

export function readGoal(values: OptionValues): PlanGoal {
  const context = values.context === undefined ? undefined : Number(values.context);
  if (context !== undefined && !Number.isSafeInteger(context)) {
    throw new UsageError({
      message: `--context takes a whole number of tokens, found "${context}".`,
      hint: "Pass a number such as --context 4096.",
    });
  }
  return { for: values.for as PlanGoal["for"], contextTokens: context };
}
