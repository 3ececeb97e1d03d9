import { readFile, stat } from "node:fs/promises";
import { findAddressIssue, type RollOutEvent, type RollOutResult, rollOut } from "@nanoagent/fleet";
import { listOf } from "../command-line/check-values.js";
import type { CommandAction, OptionValues } from "../command-line/command.js";
import { UsageError } from "../errors/usage-error.js";
import { exitCodes } from "../exit-codes.js";
import { formatJson } from "../output/format.js";
import type { StopRequest } from "../streams.js";
import { connectFleet } from "./connect.js";
import { noteLeftOut } from "./left-out.js";
import { readSelection } from "./read-selection.js";
import { summarizeRollOut } from "./summarize-roll-out.js";
import { UpdateLines } from "./update-lines.js";

/** Offers a bundle to agents, and shows how far they are. */
export const updateFleet: CommandAction = async (values, streams) => {
  const { stdout, stop } = streams;
  const { url, canary, patience, json } = values;
  const file = String(values.bundle);
  await checkFile(file);
  checkAddress(url);
  const trust = listOf(values.trust);
  const keys = trust.length === 0 ? undefined : await Promise.all(trust.map(readKey));
  const options = {
    file,
    selector: readSelection(values.agents, {}),
    keys,
    url: url === undefined ? undefined : String(url),
    canary: wholeNumber("canary", canary),
    maxFailures: wholeNumber("max-failures", values["max-failures"]),
    atOnce: wholeNumber("at-once", values["at-once"]),
    patienceSeconds: patience === undefined ? undefined : Number(patience),
    signal: stop,
  };
  await using fleet = await connectFleet(values, streams);
  noteLeftOut(fleet.registry, streams);
  const lines = new UpdateLines(streams);
  const show = (event: RollOutEvent) => {
    if (json) stdout.write(formatJson(event));
    else lines.show(event);
  };
  let result: RollOutResult;
  try {
    result = await follow(rollOut(fleet.registry, options), show);
  } finally {
    lines.end();
  }
  stdout.write(json ? formatJson({ type: "roll-out-end", ...result }) : summarizeRollOut(result));
  if (result.state === "interrupted")
    return (stop.reason as StopRequest | undefined)?.exitCode ?? exitCodes.interrupted;
  return result.state === "done" ? exitCodes.done : exitCodes.failed;
};

async function follow(
  events: AsyncGenerator<RollOutEvent, RollOutResult>,
  show: (event: RollOutEvent) => void,
): Promise<RollOutResult> {
  for (;;) {
    const { done, value } = await events.next();
    if (done) return value;
    show(value);
  }
}

async function checkFile(file: string): Promise<void> {
  const isFile = await stat(file).then(
    (found) => found.isFile(),
    () => false,
  );
  if (isFile) return;
  throw new UsageError({
    message: `The bundle ${file} is not a file.`,
    hint: "Pass the path of a bundle that nanoagent bundle sign has signed.",
  });
}

function checkAddress(url: OptionValues[string]): void {
  const issue = url === undefined ? null : findAddressIssue(String(url));
  if (issue === null) return;
  throw new UsageError({
    message: "--url is not an address that agents can download from.",
    reason: issue,
    hint: "Pass the address of the bundle's file, such as https://example.com/kiosk-7.bundle.",
  });
}

async function readKey(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    throw new UsageError({
      message: `The key ${file} in --trust cannot be read.`,
      reason: `The system reports ${(cause as { code?: string }).code ?? cause}.`,
      hint: "Pass the file that ends in .pub, which nanoagent bundle new-key wrote.",
      cause,
    });
  }
}

function wholeNumber(option: string, value: unknown): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d{1,9}$/.test(String(value))) return Number(value);
  throw new UsageError({
    message: `--${option} takes a number of agents, found "${value}".`,
    hint: `Pass a whole number, such as --${option} 2.`,
  });
}
