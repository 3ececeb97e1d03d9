import type { LoggedEvent } from "@nanoagent/server/triggers";
import { intervals, type SoakPayload, toolsOfTriggers } from "./acting-agent.js";
import type { SoakEvidence, ToolRuns } from "./soak-evidence.js";
import type { WatchedLine } from "./watched-line.js";

/** Faults that a soak found, a sentence each. */
export interface SoakFaults {
  /** Events that the agent acknowledged and lost, or did not finish. */
  readonly lost: string[];
  /** Acts that happened twice, or under two keys; events that were made twice. */
  readonly doubled: string[];
  /** Acts whose fate is not known and not listed. */
  readonly hidden: string[];
  readonly wrong: string[];
}

export interface SoakFigures {
  /** Messages that the broker acknowledged to the publisher. */
  readonly published: number;
  /** Messages that the agent acknowledged to the broker. */
  readonly acknowledged: number;
  /** Messages that the broker acknowledged to the publisher, and lost when it was killed. */
  readonly lost_by_broker: number;
  /** Messages that the broker delivered more than once. */
  readonly redelivered: number;
  readonly events: number;
  readonly scheduled: number;
  readonly done: number;
  readonly not_met: number;
  readonly skipped: number;
  readonly unknown: number;
  /** Acts that ran more than once under one key. */
  readonly repeated_runs: number;
}

export interface SoakFacts {
  readonly evidence: SoakEvidence;
  readonly line: Pick<WatchedLine, "acknowledged" | "deliveries" | "answers">;
  /** Payloads that the broker acknowledged to the publisher, with the time of the last acknowledgement. */
  readonly published: ReadonlyMap<string, number>;
  /** Time of the last kill of the broker, or 0. */
  readonly brokerKilledAt: number;
}

/** Judges a soak by what the agent logged, what its tools noted and what went over the line to the broker. */
export function checkEvidence(facts: SoakFacts): { faults: SoakFaults; figures: SoakFigures } {
  const { evidence, line, published, brokerKilledAt } = facts;
  const faults: SoakFaults = { lost: [], doubled: [], hidden: [], wrong: [...evidence.changedEnds] };
  const events = [...evidence.events.values()];
  const runs = groupBy(evidence.toolRuns(), ({ key }) => eventOf(key));
  for (const id of runs.keys())
    if (!evidence.events.has(id)) faults.wrong.push(`a tool ran for ${id}, which is not an event`);

  checkMessages(events, facts, faults);
  checkSchedules(events, faults);
  const effects = countBy(evidence.effects(), eventOf);
  const fileAnswers = countBy(evidence.fileAnswers());
  for (const event of events) {
    const { id } = event.event;
    if (event.outcome === null) faults.lost.push(`${describe(event)} is not finished`);
    else {
      checkActs(event, runs.get(id) ?? [], effects.get(id) ?? 0, faults);
      checkAnswers(event, fileAnswers.get(id) ?? 0, line.answers, faults);
    }
  }

  const ends = countBy(events, ({ outcome }) => outcome ?? "open");
  const acknowledged = [...line.acknowledged].filter((payload) => readSoakPayload(payload) !== null);
  const missing = [...published].filter(([payload]) => !line.acknowledged.has(payload));
  // A broker loses only what it had when it was killed.
  const [lostByBroker, lostByAgent] = [true, false].map((isBefore) => {
    return missing.filter(([, at]) => at < brokerKilledAt === isBefore);
  }) as [typeof missing, typeof missing];
  for (const [payload] of lostByAgent) faults.lost.push(`${payload} was never acknowledged by the agent`);
  const figures = {
    published: published.size,
    acknowledged: acknowledged.length,
    lost_by_broker: lostByBroker.length,
    redelivered: acknowledged.filter((payload) => (line.deliveries.get(payload) ?? 0) > 1).length,
    events: events.length,
    scheduled: events.filter(({ event }) => event.trigger in intervals).length,
    done: ends.get("done") ?? 0,
    not_met: ends.get("not-met") ?? 0,
    skipped: ends.get("skipped") ?? 0,
    unknown: ends.get("unknown") ?? 0,
    repeated_runs: [...runs.values()].flat().filter(({ starts }) => starts > 1).length,
  };
  return { faults, figures };
}

/** An acknowledged message is in an event; one with an id in only one, and any other in no more than were delivered. */
function checkMessages(events: readonly LoggedEvent[], { line }: SoakFacts, { lost, doubled }: SoakFaults): void {
  const made = countBy(
    events.filter(({ event }) => event.topic !== undefined),
    ({ event }) => JSON.stringify(event.payload),
  );
  for (const payload of line.acknowledged) {
    if (readSoakPayload(payload) === null || made.has(payload)) continue;
    lost.push(`${payload} was acknowledged and is in no event`);
  }
  for (const [payload, count] of made) {
    const most = readSoakPayload(payload)?.id === undefined ? (line.deliveries.get(payload) ?? 0) : 1;
    if (count > most) doubled.push(`${payload} is ${count} events instead of ${most}`);
  }
}

/** Payload of an event of a schedule. */
interface ScheduledRun {
  readonly scheduled_at: string;
}

/** A run of a schedule is at its time, and one event. */
function checkSchedules(events: readonly LoggedEvent[], { doubled, wrong }: SoakFaults): void {
  const scheduled = events.filter(({ event }) => event.trigger in intervals);
  const runOf = ({ event }: LoggedEvent) => `${event.trigger} ${(event.payload as ScheduledRun).scheduled_at}`;
  for (const [run, count] of countBy(scheduled, runOf)) {
    const [trigger = "", instant = ""] = run.split(" ");
    if (count > 1) doubled.push(`the run ${run} is ${count} events`);
    if (Date.parse(instant) % (intervals[trigger] ?? 1) !== 0) wrong.push(`${run} is not a run of the schedule`);
  }
}

/** The notes of the tools agree with the end of the event, and no act happened more often than it may. */
function checkActs(event: LoggedEvent, runs: readonly ToolRuns[], effects: number, faults: SoakFaults): void {
  const { lost, doubled, hidden, wrong } = faults;
  const { outcome, acts } = event;
  const { trigger } = event.event;
  const tool = toolsOfTriggers[trigger];
  const says = describe(event);
  const isDone = outcome === "done";
  const others = [trigger in intervals ? "skipped" : "not-met", ...(tool === "world" ? ["unknown"] : [])];
  if (!isDone && !others.includes(outcome ?? "")) wrong.push(`${says} should have another end`);

  const logged = acts.filter((act) => act.tool !== null).map(({ key }) => key);
  const keys = new Set([...runs.map(({ key }) => key), ...logged]);
  if (keys.size > 1) doubled.push(`${says} has the keys ${[...keys].join(" and ")}`);
  for (const run of runs) {
    if (run.tool !== tool || run.trigger !== trigger) wrong.push(`${says} ran ${run.tool} as ${run.trigger}`);
    if (!logged.includes(run.key)) hidden.push(`${says} ran under ${run.key}, which its log does not have`);
  }
  const starts = runs.reduce((sum, run) => sum + run.starts, 0);
  const ends = runs.reduce((sum, run) => sum + run.ends, 0);
  if (isDone && ends === 0) lost.push(`${says} has no whole run`);
  if (!isDone && outcome !== "unknown" && starts > 0) hidden.push(`${says} ran`);
  if (tool === "world" && starts > 1) doubled.push(`${says} ran ${starts} times`);
  if (tool === "world" && isDone && starts !== ends)
    hidden.push(`${says} began ${starts} times and ended ${ends} times`);
  const isListed = acts.some((act) => act.tool !== null && [null, "aborted", "timed-out"].includes(act.outcome));
  if (outcome === "unknown" && !isListed) hidden.push(`${says} does not list the act whose result is not known`);
  const expected = tool === "once" && isDone ? 1 : 0;
  if (effects > expected) doubled.push(`${says} has ${effects} effects`);
  if (effects < expected) lost.push(`${says} has no effect`);
}

/** Each place of an event that is done has the answer; the file has it once. */
function checkAnswers(
  event: LoggedEvent,
  inFile: number,
  published: ReadonlySet<string>,
  { lost, doubled }: SoakFaults,
): void {
  const { id, trigger } = event.event;
  const isDone = event.outcome === "done";
  const expected = isDone && trigger === "keyed" ? 1 : 0;
  if (inFile < expected) lost.push(`${describe(event)} has no answer in the file`);
  if (inFile > expected) doubled.push(`${describe(event)} has ${inFile} answers in the file`);
  const goesToBroker = trigger === "keyed" || trigger === "tick-once";
  if (isDone && goesToBroker && !published.has(`soak-answers/${trigger} ${id}`)) {
    lost.push(`the broker has no answer of ${describe(event)}`);
  }
}

function describe({ event, outcome, result }: LoggedEvent): string {
  return `the event ${event.id} of ${event.trigger} (${outcome}: ${result})`;
}

/** Returns the event to which a key belongs. */
function eventOf(key: string): string {
  return key.split(".")[0] ?? "";
}

/** Returns the payload of a message of the soak, or null for another message. */
function readSoakPayload(payload: string): SoakPayload | null {
  try {
    const value: unknown = JSON.parse(payload);
    return typeof value === "object" && value !== null && "n" in value ? (value as SoakPayload) : null;
  } catch {
    return null;
  }
}

function countBy<Item>(items: readonly Item[], keyOf: (item: Item) => string = String): Map<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(keyOf(item), (counts.get(keyOf(item)) ?? 0) + 1);
  return counts;
}

function groupBy<Item>(items: readonly Item[], keyOf: (item: Item) => string): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return groups;
}
