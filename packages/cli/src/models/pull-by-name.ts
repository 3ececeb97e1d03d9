import type { PullEvent } from "@nanoagent/hub";
import type { CommandAction, OptionValues } from "../command-line/command.js";
import { exitCodes } from "../exit-codes.js";
import { setHeapFlags } from "../heap-flags.js";
import { planFactsFor } from "../optimize/plan-facts-for.js";
import { type PlanningDevice, readPlanningDevice } from "../optimize/planning-device.js";
import { plainLine, plainText } from "../output/plain-text.js";
import type { Streams } from "../streams.js";
import { askForChoice } from "./ask-for-choice.js";
import { DownloadProgress } from "./download-progress.js";
import { formatChoices } from "./format-choices.js";

/** Downloads the model that the command line names. Prints its path, or one line of JSON for each event. */
export const pullByName: CommandAction = async (values, streams) => {
  const isJson = values.json === true;
  const pulled = await pullNamed(String(values.model), values, streams);
  if (pulled === null) return values["dry-run"] === true ? exitCodes.done : exitCodes.interrupted;
  const { name, path, bytes, sha256, license, downloadedBytes, isCompared } = pulled;
  if (isJson) {
    const done = { type: "done", name, path, bytes, sha256, license, downloaded_bytes: downloadedBytes };
    streams.stdout.write(`${JSON.stringify(done)}\n`);
    return exitCodes.done;
  }
  const terms = license === null ? "license unknown" : `license ${license}`;
  streams.stderr.write(
    plainText(
      `${isCompared ? "Verified" : `The source has no hash to compare with; recorded`} SHA-256 ${sha256.slice(0, 16)}… (${terms}). To talk to it:\n  nanoagent run --model ${plainLine(name)}\n`,
    ),
  );
  streams.stdout.write(`${path}\n`);
  return exitCodes.done;
};

/** Downloads a model by its name, with progress on stderr or as JSON. Returns null if nothing was to be downloaded. */
export async function pullNamed(text: string, values: OptionValues, streams: Streams) {
  const { choiceJson, createHttpClient, findSource, pullModel, readHubEnvironment } = await import("@nanoagent/hub");
  // V8's optimizing compilers take 10 MB, which a program that waits for the network gains nothing by.
  setHeapFlags("--no-opt", "--no-maglev");
  const { stderr, stdout, stdin, stop } = streams;
  const isJson = values.json === true;
  const environment = readHubEnvironment();
  const progress = new DownloadProgress(streams, { isJson });
  const note = (message: string) => {
    progress.clear();
    stderr.write(plainText(`note: ${message}\n`));
  };
  // A word that is not a name is reported before the device is measured.
  const name = await findSource(text, environment);
  const device = await readPlanningDevice(values);
  for (const notice of device.notices) note(notice);
  const facts = await planFactsFor(device);
  const client = createHttpClient(environment, {
    onWait: (seconds, reason) => note(`${reason} Trying again in ${Math.ceil(seconds)} s.`),
  });
  const mayAsk = !isJson && stdin.isTTY === true && stderr.isTTY === true;
  const onEvent = (event: PullEvent) => {
    switch (event.type) {
      case "notice":
        return note(event.message);
      case "header":
        return progress.begin(`Reading the header of ${event.file} (${event.index + 1} of ${event.count})`);
      case "choices":
        progress.clear();
        if (isJson) {
          stdout.write(`${JSON.stringify({ type: "choices", choices: event.choices.map(choiceJson) })}\n`);
          return;
        }
        return showChoices(event, device, values["dry-run"] === true ? stdout : stderr);
      case "progress":
        return progress.report(event.receivedBytes, event.totalBytes);
    }
  };
  // The query of an address may contain a secret.
  const [shown = ""] = text.split(/[?#]/);
  progress.name(shown);
  progress.begin(`Looking up ${shown}`);
  try {
    return await pullModel(name, {
      environment,
      client,
      facts,
      measurement: device.measurement,
      quantization: values.quant === undefined ? null : String(values.quant),
      isForced: values.force === true,
      isDryRun: values["dry-run"] === true,
      choose: mayAsk ? (choices, best) => askForChoice(choices, best, streams) : undefined,
      onEvent,
      signal: stop,
    });
  } finally {
    progress.clear();
  }
}

function showChoices(
  { repository, choices, best }: PullEvent & { type: "choices" },
  device: PlanningDevice,
  stream: Streams["stdout"],
): void {
  const width = stream.isTTY === true && stream.columns ? stream.columns : null;
  stream.write(plainText(formatChoices(repository, choices, { device, best, width })));
}
