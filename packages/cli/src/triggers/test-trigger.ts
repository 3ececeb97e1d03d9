import { loadTriggerParts } from "@nanoagent/server/program";
import type { CommandAction } from "../command-line/command.js";
import { exitCodes } from "../exit-codes.js";
import { formatFields, formatJson } from "../output/format.js";
import { formatTime } from "../output/format-time.js";
import { plainLine } from "../output/plain-text.js";
import { argumentLines, describeRun } from "../run/ask-permission.js";
import { type PlannedAct, planAct } from "./plan-act.js";
import { readTypedEvent, type TypedEvent } from "./read-event.js";
import { readTriggerPlace, requireTrigger } from "./trigger-place.js";

/** Runs of a schedule that are shown. */
const RUNS_SHOWN = 5;
const LABEL_COLUMN = 13;

/** Effects that an event would have. Times are ISO 8601. */
interface TestedEvent {
  readonly trigger: string;
  readonly when: string;
  readonly enabled: boolean;
  readonly event: Omit<TypedEvent, "at"> & { readonly at: string };
  readonly conditions: { readonly verdict: "met" | "not-met" | "waits"; readonly reason: string };
  readonly act: PlannedAct;
  readonly answers: readonly string[];
  readonly next_runs: readonly string[];
  readonly would_act: boolean;
}

/** Shows what an event would do: conditions, act and answers. Does nothing, and opens no agent. */
export const testTrigger: CommandAction = async (values, { stdout }) => {
  const place = await readTriggerPlace(values);
  const trigger = requireTrigger(place, String(values.name));
  const event = await readTypedEvent(values, trigger);
  const parts = await loadTriggerParts();
  const { name, when, if: conditions = [], enabled = true } = trigger;
  const list = Array.isArray(conditions) ? conditions : [conditions];
  const { verdict, reason } = parts.checkConditions(list, event, null, event.at);
  const act = await planAct(trigger, event, place.config);
  const rule = "schedule" in when || "every" in when ? await parts.readRule(when).catch(() => null) : null;
  const tested: TestedEvent = {
    trigger: name,
    when: parts.describeSource(when, name),
    enabled,
    event: { ...event, at: new Date(event.at).toISOString() },
    conditions: { verdict, reason },
    act,
    answers: [trigger.then ?? []].flat().map(parts.describePlace),
    next_runs: rule === null ? [] : nextRuns(rule, event.at).map((time) => new Date(time).toISOString()),
    would_act: enabled && verdict !== "not-met" && act.problem === null,
  };
  stdout.write(values.json ? formatJson(tested) : describe(tested, event));
  return tested.would_act ? exitCodes.done : exitCodes.failed;
};

function nextRuns(rule: { nextAfter(time: number): number | null }, from: number): number[] {
  const runs: number[] = [];
  let next = rule.nextAfter(from);
  while (next !== null && runs.length < RUNS_SHOWN) {
    runs.push(next);
    next = rule.nextAfter(next);
  }
  return runs;
}

const verdicts = { met: "met", "not-met": "not met", waits: "must hold longer" };

function describe(
  { trigger, when, enabled, conditions, act, answers, next_runs, would_act }: TestedEvent,
  event: TypedEvent,
): string {
  const { topic, payload, at } = event;
  const value = typeof payload === "string" ? payload : JSON.stringify(payload);
  const head = formatFields(LABEL_COLUMN, {
    Trigger: `${trigger} (${when})${enabled ? "" : ", off"}`,
    // A payload of several lines must not pass for lines of this report.
    Event: plainLine(`${topic === undefined ? "" : `${topic} `}${value} at ${formatTime(new Date(at))}`),
    Conditions: plainLine(`${verdicts[conditions.verdict]}: ${conditions.reason}`),
    Act: plainLine(act.kind === "tool" ? `tool ${act.tool}` : `${act.kind} "${act.text ?? ""}"`),
    ...(act.kind === "sentence" &&
      act.intent !== null && { Intent: `${act.intent}${act.tool === null ? "" : `, tool ${act.tool}`}` }),
  });
  const given = act.arguments === null ? "" : `${argumentLines(act.arguments).join("\n")}\n`;
  const rest = formatFields(LABEL_COLUMN, {
    ...(act.permission !== null && { Permission: permissionWords[act.permission] }),
    ...(act.notice !== null && { Note: plainLine(act.notice) }),
    ...(act.problem !== null && { Problem: plainLine(act.problem) }),
    ...(answers.length > 0 && { Answer: answers.join(", ") }),
    ...(next_runs.length > 0 && { "Next runs": next_runs.map((time) => formatTime(new Date(time))).join(", ") }),
  });
  const run = act.will_run === null ? "" : describeRun({ will_run: act.will_run });
  return `${head}${given === "\n" ? "" : given}${run}${rest}${verdictOf(would_act, enabled, conditions.verdict)}\n`;
}

const permissionWords = {
  always: "always allowed",
  ask: "asks first: at the terminal or the page of the service; without an answer it does not run",
  never: "never allowed",
};

function verdictOf(wouldAct: boolean, isEnabled: boolean, verdict: TestedEvent["conditions"]["verdict"]): string {
  if (!isEnabled) return "It would not act: the trigger is off.";
  if (!wouldAct) return "It would not act.";
  return verdict === "waits" ? "It would act if this lasts." : "It would act.";
}
