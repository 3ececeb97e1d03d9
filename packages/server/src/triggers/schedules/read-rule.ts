import { type IntervalSource, parseDuration, type ScheduleSource } from "@nanoagent/models";
import { findTimeZoneIssue, leanTimeZone } from "../conditions/time-zone.js";
import { readCron } from "./read-cron.js";

/** Shortest interval. Each run is written to the disk. */
const LEAST_INTERVAL_MILLISECONDS = 1000;

/** The times at which a trigger runs. */
export interface RunRule {
  /** The rule and its time zone, if it names one: the same for the same rule. */
  readonly text: string;
  /** Returns the first run after a time, never that time itself, or null. In milliseconds since 1970. */
  nextAfter(time: number): number | null;
}

/**
 * Reads the rule of a source that runs by a clock. Rejects with a TypeError whose message is for people. An interval runs at
 * its multiples since 1970, so it does not depend on the start of the program.
 */
export async function readRule(source: ScheduleSource | IntervalSource): Promise<RunRule> {
  if (source.jitter !== undefined && parseDuration(source.jitter) === null) {
    throw new TypeError(`jitter: ${source.jitter} is too long. Use at most 366d.`);
  }
  if ("every" in source) return readInterval(source.every);
  const { schedule, time_zone } = source;
  const issue = time_zone === undefined ? null : findTimeZoneIssue(time_zone);
  if (issue !== null) throw new TypeError(issue);
  const line = readCron(schedule);
  const { nextRun } = await import("./next-run.js");
  const text = [schedule.trim(), time_zone].filter((part) => part !== undefined).join(" ");
  return { text, nextAfter: nextRun(line, leanTimeZone(time_zone)) };
}

function readInterval(every: string): RunRule {
  const interval = parseDuration(every);
  if (interval === null) throw new TypeError(`every: ${every} is too long. Use at most 366d.`);
  if (interval < LEAST_INTERVAL_MILLISECONDS) throw new TypeError(`every: ${every} is too short. Use at least 1s.`);
  return { text: `every ${interval}ms`, nextAfter: (time) => (Math.floor(time / interval) + 1) * interval };
}
