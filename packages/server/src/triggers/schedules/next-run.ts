import { Cron } from "croner";
import type { CronLine } from "./read-cron.js";

/** The line that was calculated with last. One takes 0.15 MB in croner, so only this one is kept. */
let latest: { readonly line: CronLine; readonly timeZone: string | null; readonly cron: Cron } | null = null;

/**
 * Returns a function that finds the first run of a line of cron after a time, or null if there is none before the year 3000.
 * Times are in milliseconds since 1970. Without a time zone, that of the system counts.
 *
 * Daylight saving follows Vixie cron. A line whose minute and hour do not begin with `*` is for fixed times: of those that
 * the clock skips, one run follows at once, and of those that the clock shows twice, the first counts. Any other line follows
 * the real time. croner alone decides differently about `0-59/20 2 * * *`, and about days of which one field has a star and
 * a step. So {@link readCron} writes steps as lists, and says how the days are joined.
 */
export function nextRun(line: CronLine, timeZone: string | null): (time: number) => number | null {
  // Most questions are about the same run as the one before.
  let last: { readonly from: number; readonly run: number | null } | null = null;
  return (time) => {
    if (last === null || time < last.from || (last.run !== null && time >= last.run)) {
      const cron = cronOf(line, timeZone);
      last = { from: time, run: cron.nextRun(new Date(time))?.getTime() ?? null };
    }
    return last.run;
  };
}

function cronOf(line: CronLine, timeZone: string | null): Cron {
  if (latest?.line === line && latest.timeZone === timeZone) return latest.cron;
  const cron = new Cron(line.pattern, {
    ...(timeZone === "UTC" ? { utcOffset: 0 } : timeZone === null ? {} : { timezone: timeZone }),
    mode: "6-part",
    domAndDow: line.needsBothDays,
    fixedTimeRule: "no-wildcard",
    paused: true,
  });
  latest = { line, timeZone, cron };
  return cron;
}
