import { cutText, parseDuration, type TriggerCondition } from "@nanoagent/models";
import { hasComparison, limitKeys } from "./compare-value.js";
import { findTimeZoneIssue } from "./time-zone.js";
import { isValuePath } from "./value-by-path.js";

/** A fault of a condition that its schema cannot see. */
export interface ConditionIssue {
  /** Key below the condition, such as `hysteresis` or `quiet_hours.time_zone`. Empty for the condition as a whole. */
  readonly path: string;
  /** One sentence or two. */
  readonly message: string;
}

/** Returns the faults of a condition, for `check` and before a trigger starts. */
export function findConditionIssues(condition: TriggerCondition): ConditionIssue[] {
  const issues: ConditionIssue[] = [];
  const add = (path: string, message: string) => issues.push({ path, message });
  const { value, hysteresis, change_by, rate_limit, quiet_hours } = condition;
  const isCompared = hasComparison(condition);
  const limits = limitKeys(condition);

  if (!isCompared && change_by === undefined && rate_limit === undefined && quiet_hours === undefined) {
    add("", "The condition tests nothing. Add a comparison such as below: 30, or remove the condition.");
  }
  if (value !== undefined && !isValuePath(value)) {
    const shown = JSON.stringify(cutText(value, 100));
    add("value", `${shown} is not the path of a value. Use payload, payload.KEY, topic, topic.1 or at.`);
  }
  if (hysteresis !== undefined && limits.length === 0) {
    add("hysteresis", "hysteresis needs a limit: above, below, at_least or at_most.");
  }
  if (condition.for !== undefined && !isCompared) {
    add("for", "for needs a comparison, such as below: 30, that holds for this long.");
  }
  if (value !== undefined && !isCompared && change_by === undefined && issues.length === 0) {
    add("value", "The value is not compared. Add a comparison such as below: 30, or remove value.");
  }
  const least = Math.max(condition.above ?? Number.NEGATIVE_INFINITY, condition.at_least ?? Number.NEGATIVE_INFINITY);
  const most = Math.min(condition.below ?? Number.POSITIVE_INFINITY, condition.at_most ?? Number.POSITIVE_INFINITY);
  const isOpen = condition.above === least || condition.below === most;
  if (least > most || (least === most && isOpen)) {
    add(limits[0] ?? "", "No value is within these limits. Write two triggers for values above one and below another.");
  }
  for (const [path, text] of [
    ["for", condition.for],
    ["rate_limit.per", rate_limit?.per],
  ] as const) {
    if (text !== undefined && parseDuration(text) === null) add(path, `${text} is too long; the longest is 366d.`);
  }
  if (rate_limit !== undefined && parseDuration(rate_limit.per) === 0) {
    add("rate_limit.per", "A rate needs a time above 0, such as 1h.");
  }
  if (quiet_hours !== undefined) {
    if (quiet_hours.from === quiet_hours.to) {
      add("quiet_hours", "The quiet hours begin and end at the same time. Write two times, such as 22:00 and 06:00.");
    }
    const issue = quiet_hours.time_zone === undefined ? null : findTimeZoneIssue(quiet_hours.time_zone);
    if (issue !== null) add("quiet_hours.time_zone", issue);
  }
  return issues;
}
