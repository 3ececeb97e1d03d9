import { Cron } from "croner";
import type { CronLine } from "./read-cron.js";

/**
 * Returns a function that finds the first run of a line of cron after a time, or null if there is none before the year 3000.
 * Times are in milliseconds since 1970.
 *
 * Daylight saving follows Vixie cron. A line whose minute and hour do not begin with `*` is for fixed times: of those that
 * the clock skips, one run follows at once, and of those that the clock shows twice, the first counts. Any other line follows
 * the real time.
 */
export function nextRun({ pattern, needsBothDays }: CronLine, timeZone: string): (time: number) => number | null {
  const cron = new Cron(pattern, {
    timezone: timeZone,
    mode: "6-part",
    domAndDow: needsBothDays,
    fixedTimeRule: "no-wildcard",
    paused: true,
  });
  // A search takes 0.06 ms, and most questions are about the same run as the one before.
  let last: { readonly from: number; readonly run: number | null } | null = null;
  return (time) => {
    if (last === null || time < last.from || (last.run !== null && time >= last.run)) {
      last = { from: time, run: cron.nextRun(new Date(time))?.getTime() ?? null };
    }
    return last.run;
  };
}
