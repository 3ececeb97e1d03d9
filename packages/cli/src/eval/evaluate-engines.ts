import { open, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { ScenarioFile } from "@nanoagent/models";
import {
  type EvalResult,
  runEval,
  summarizeBy,
  summarizeEval,
  toJUnit,
  wordsOverlapBaseline,
} from "@nanoagent/runtime/eval";
import type { CommandAction, OptionValues } from "../command-line/command.js";
import { UsageError } from "../errors/usage-error.js";
import { exitCodes } from "../exit-codes.js";
import { formatJson } from "../output/format.js";
import { plainText } from "../output/plain-text.js";
import { refineSampling } from "../run/refine-sampling.js";
import type { Streams } from "../streams.js";
import { refuseFile } from "../write-new-file.js";
import { type Contender, findContenders } from "./contenders.js";
import { EvalProgress } from "./eval-progress.js";
import { countOf, findScenarios } from "./find-scenarios.js";
import { formatEval, formatWrong } from "./format-eval.js";

/** Runs scenarios with every engine of the command line, one after another, and reports the results. */
export const evaluateEngines: CommandAction = async (values, streams) => {
  const { stdout, stderr, stop } = streams;
  const minRight = readMinRight(values);
  // Wrong options are reported before anything runs.
  refineSampling(undefined, values, "eval");
  const scenarios = await findScenarios(values);
  const contenders = await findContenders(values, streams);
  if (values.junit !== undefined) await checkReport(String(values.junit));
  const evals: EvalResult[] = [];
  for (const contender of contenders) {
    if (!stop.aborted) evals.push(await evaluate(contender, scenarios, values, streams));
  }
  const baseline = wordsOverlapBaseline(scenarios);
  for (const { name, failure } of evals) {
    if (failure !== null) stderr.write(plainText(`note: ${name} kept failing and was stopped: ${failure}\n`));
  }
  if (values.json) stdout.write(formatJson(toJson(evals, baseline, values)));
  else {
    stdout.write(formatEval([...evals, baseline]));
    if (stop.aborted) stdout.write("\nInterrupted: these are the results so far.\n");
    if (values["show-wrong"]) stdout.write(`\n${formatWrong(evals)}\n`);
  }
  if (values.junit !== undefined) await writeReport(String(values.junit), evals);
  if (stop.aborted) return exitCodes.interrupted;
  return evals.every((one) => one.failure === null && isEnough(one, minRight)) ? exitCodes.done : exitCodes.failed;
};

async function evaluate(
  { name, readConfig }: Contender,
  scenarios: readonly ScenarioFile[],
  values: OptionValues,
  { stderr, stop }: Streams,
): Promise<EvalResult> {
  const progress = new EvalProgress(stderr, name);
  try {
    return await runEval({
      name,
      scenarios,
      config: await readConfig(),
      sampling: refineSampling(undefined, values, "eval"),
      times: countOf("times", values),
      signal: stop,
      onProgress: (state) => progress.show(state),
      engineOptions: {
        hostFile: fileURLToPath(new URL("./host-program.js", import.meta.url)),
        ownsProgram: true,
        onLoadProgress: (share) => progress.loading(share),
      },
    });
  } finally {
    progress.clear();
  }
}

function readMinRight(values: OptionValues): number {
  const percent = Number(values["min-right"] ?? 0);
  if (percent <= 100) return percent;
  throw new UsageError({
    message: `--min-right takes a percentage of at most 100, found "${percent}".`,
    hint: "For example: --min-right 85",
  });
}

function isEnough({ results }: EvalResult, minRight: number): boolean {
  return 100 * (summarizeEval(results).right.share ?? 0) >= minRight;
}

/** Checks that the report can be written, before anything runs. An earlier report stays until it is replaced. */
async function checkReport(file: string): Promise<void> {
  const handle = await open(file, "a").catch((error) => refuseFile(file, error));
  await handle.close();
}

/** Writes the report. Overwrites an earlier one. */
async function writeReport(file: string, evals: readonly EvalResult[]): Promise<void> {
  await writeFile(file, toJUnit(evals)).catch((error) => refuseFile(file, error));
}

function toJson(evals: readonly EvalResult[], baseline: EvalResult, values: OptionValues) {
  const described = (result: EvalResult) => ({
    name: result.name,
    interrupted: result.interrupted,
    failure: result.failure,
    summary: summarizeEval(result.results),
    groups: summarizeBy("group", result.results),
    languages: summarizeBy("language", result.results),
    files: summarizeBy("file", result.results),
    results: result.results,
  });
  return {
    format: 1,
    times: countOf("times", values) ?? 1,
    engines: evals.map(described),
    baseline: described(baseline),
  };
}
