import { type IntervalSource, parseDuration, type ScheduleSource } from "@nanoagent/models";
import { findTimeZoneIssue, systemTimeZone } from "../conditions/time-zone.js";
import { readCron } from "./read-cron.js";

/** Shortest interval. Each run is written to the disk. */
const LEAST_INTERVAL_MILLISECONDS = 1000;

/** The times at which a trigger runs. */
export interface RunRule {
  /** The rule and its time zone, the same for the same rule. */
  readonly text: string;
  /** Returns the first run after a time, never that time itself, or null. In milliseconds since 1970. */
  nextAfter(time: number): number | null;
}

/**
 * Reads the rule of a source that runs by a clock. Rejects with a TypeError whose message is for people. An interval runs at
 * its multiples since 1970, so it does not depend on the start of the program.
 */
export async function readRule(
  source: ScheduleSource | IntervalSource,
  timeZone: string = systemTimeZone(),
): Promise<RunRule> {
  if (source.jitter !== undefined && parseDuration(source.jitter) === null) {
    throw new TypeError(`jitter: ${source.jitter} is too long. Use at most 366d.`);
  }
  if ("every" in source) return readInterval(source.every);
  const zone = source.time_zone ?? timeZone;
  const issue = findTimeZoneIssue(zone);
  if (issue !== null) throw new TypeError(issue);
  const line = readCron(source.schedule);
  const { nextRun } = await import("./next-run.js");
  return { text: `${source.schedule.trim()} ${zone}`, nextAfter: nextRun(line, zone) };
}

function readInterval(every: string): RunRule {
  const interval = parseDuration(every);
  if (interval === null) throw new TypeError(`every: ${every} is too long. Use at most 366d.`);
  if (interval < LEAST_INTERVAL_MILLISECONDS) throw new TypeError(`every: ${every} is too short. Use at least 1s.`);
  return { text: `every ${interval}ms`, nextAfter: (time) => (Math.floor(time / interval) + 1) * interval };
}
