import { once } from "node:events";
import { cutText } from "@nanoagent/models";
import type { LoggedEvent } from "@nanoagent/server/program";
import type { CommandAction, OptionValues } from "../command-line/command.js";
import { exitCodes } from "../exit-codes.js";
import { formatJson } from "../output/format.js";
import { type Column, formatTable } from "../output/format-table.js";
import { formatTime } from "../output/format-time.js";
import { inOneLine, plainText } from "../output/plain-text.js";
import type { Streams } from "../streams.js";
import { describeAct } from "./describe-act.js";
import { findTriggerService } from "./find-trigger-service.js";
import { loggedEvents } from "./logged-events.js";
import { readTriggerPlace, requireTrigger } from "./trigger-place.js";

const EVENTS_SHOWN = 20;
/** Longest cell of the table, in characters. */
const MAX_CELL_CHARACTERS = 60;

const COLUMNS: readonly Column<LoggedEvent>[] = [
  { title: "time", isText: true, cell: ({ event }) => formatTime(new Date(event.at)) },
  { title: "trigger", isText: true, cell: ({ event }) => event.trigger },
  { title: "event", isText: true, leftOut: 2, cell: (event) => cell(describeEvent(event)) },
  { title: "outcome", isText: true, cell: ({ outcome }) => outcome ?? "open" },
  { title: "act", isText: true, leftOut: 1, cell: ({ acts }) => cell(describeActs(acts)) },
  { title: "tries", leftOut: 3, cell: ({ tries }) => String(tries) },
  { title: "result", isText: true, cell: (event) => cell(resultOf(event)) },
];

/** Shows the newest events of the log. */
export const showLog: CommandAction = async (values, streams) => {
  const place = await readTriggerPlace(values);
  // The log may have events of a trigger that the config has no more.
  const isKnown = values.name === undefined || place.triggers.some(({ name }) => name === values.name);
  const { found, all } = await readNewest(place.folder, values, streams);
  if (!isKnown && found.length === 0) requireTrigger(place, String(values.name));
  const { stdout } = streams;
  if (values.json) {
    for (const event of found) {
      if (!stdout.write(formatJson(asJson(event))))
        await once(stdout, "drain", { signal: streams.stop }).catch(() => {});
      if (streams.stop.aborted) break;
    }
  } else if (found.length === 0) stdout.write(plainText(`${nothingFound(values, all)}\n`));
  else {
    const width = stdout.isTTY === true && stdout.columns ? stdout.columns : Number.POSITIVE_INFINITY;
    stdout.write(plainText(`${formatTable(found, COLUMNS, width).join("\n")}\n`));
  }
  return exitCodes.done;
};

/** Reads the newest events that were asked for, oldest first, and counts all. */
async function readNewest(
  folder: string,
  { name, limit = EVENTS_SHOWN, unknown }: OptionValues,
  { stop }: Streams,
): Promise<{ found: LoggedEvent[]; all: number }> {
  const found: LoggedEvent[] = [];
  let all = 0;
  // A running service lists what it does not know, and works on the rest.
  const isStopped = unknown === true && (await findTriggerService(folder)) === null;
  for await (const event of loggedEvents(folder)) {
    if (stop.aborted) break;
    all += 1;
    if (name !== undefined && event.event.trigger !== name) continue;
    if (unknown && event.outcome !== "unknown" && !(isStopped && isCutOff(event))) continue;
    found.push(event);
    if (found.length > Number(limit)) found.shift();
  }
  return { found, all };
}

/** Whether an act of an open event began, and nobody knows whether it acted. */
function isCutOff({ outcome, acts }: LoggedEvent): boolean {
  return outcome === null && acts.some(({ is_uncertain }) => is_uncertain);
}

function nothingFound({ name, unknown }: OptionValues, all: number): string {
  if (all === 0) return "Nothing has happened yet: the log of events is empty.";
  const of = name === undefined ? "" : ` of the trigger "${name}"`;
  return unknown ? `The log has no event${of} whose act may or may not have happened.` : `The log has no event${of}.`;
}

/** The line of JSON of an event. `act` is the act of the trigger itself, `calls` are those of its sentence or message. */
function asJson({ event, acts, ended_at, ...rest }: LoggedEvent) {
  const act = acts.find(({ key }) => key === `${event.id}.do`) ?? null;
  return {
    event: { ...event, at: new Date(event.at).toISOString() },
    ...rest,
    act,
    calls: acts.filter((other) => other !== act),
    ended_at: ended_at === null ? null : new Date(ended_at).toISOString(),
  };
}

function describeEvent({ event: { topic, payload }, dropped }: LoggedEvent): string {
  if (dropped !== undefined) return `${dropped} ${dropped === 1 ? "event" : "events"}`;
  const value = typeof payload === "string" ? payload : JSON.stringify(payload);
  return topic === undefined ? value : `${topic} ${value}`;
}

function describeActs(acts: LoggedEvent["acts"]): string {
  return acts.map(describeAct).join("; ");
}

/** Returns what an event led to, or why it did not. */
function resultOf(event: LoggedEvent): string {
  const { result, conditions, outcome } = event;
  if (isCutOff(event)) return "The act may be under way, or was cut off.";
  if (outcome === "not-met") return conditions?.reason ?? "";
  return result ?? conditions?.reason ?? "";
}

function cell(text: string): string {
  const line = inOneLine(text);
  return line.length <= MAX_CELL_CHARACTERS ? line : `${cutText(line, MAX_CELL_CHARACTERS - 1)}…`;
}
