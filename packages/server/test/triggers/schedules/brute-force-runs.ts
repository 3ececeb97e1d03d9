const QUARTER = 15 * 60_000;
const HOUR = 60 * 60_000;

export interface BruteForceOptions {
  readonly line: string;
  readonly timeZone: string;
  readonly from: number;
  readonly to: number;
}

/**
 * All runs of a line of cron from a time to before another, by looking at every minute (for six fields, every second). Shares
 * no code with the program, and reads lines of numbers alone.
 */
export function bruteForceRuns({ line, timeZone, from, to }: BruteForceOptions): number[] {
  const texts = line.split(" ");
  const step = texts.length === 6 ? 1000 : 60_000;
  const withSeconds = texts.length === 6 ? texts : ["0", ...texts];
  const [seconds, minutes, hours, days, months, weekdays] = withSeconds.map((text, index) =>
    readSet(text, index === 3 || index === 4 ? 1 : 0),
  ) as Sets;
  const [, , , dayText = "", , weekdayText = ""] = withSeconds;
  const eitherDay = !dayText.startsWith("*") && !weekdayText.startsWith("*");
  const isFixed = withSeconds.slice(0, 3).every((text) => !text.startsWith("*"));

  const matches = (local: number) => {
    const date = new Date(local);
    if (!minutes.has(date.getUTCMinutes()) || !hours.has(date.getUTCHours()) || !seconds.has(date.getUTCSeconds()))
      return false;
    if (!months.has(date.getUTCMonth() + 1)) return false;
    const isDay = days.has(date.getUTCDate());
    const isWeekday = weekdays.has(date.getUTCDay()) || (date.getUTCDay() === 0 && weekdays.has(7));
    return eitherDay ? isDay || isWeekday : isDay && isWeekday;
  };

  const offsetAt = offsets(timeZone);
  const runs: number[] = [];
  // Begins earlier, so that it is known which local times have been.
  let reached = Number.NEGATIVE_INFINITY;
  for (let time = Math.ceil((from - 4 * HOUR) / step) * step; time < to; time += step) {
    const local = time + offsetAt(time);
    let isRun = false;
    if (!isFixed) isRun = matches(local);
    else if (local > reached) {
      const skippedFrom = reached === Number.NEGATIVE_INFINITY ? local : reached + step;
      for (let minute = skippedFrom; minute <= local; minute += step) isRun ||= matches(minute);
    }
    reached = Math.max(reached, local);
    if (isRun && time >= from) runs.push(time);
  }
  return runs;
}

type Sets = [Set<number>, Set<number>, Set<number>, Set<number>, Set<number>, Set<number>];

/** `least` is the first value of a field: a star with a step counts from it. */
function readSet(text: string, least: number): Set<number> {
  const numbers = new Set<number>();
  for (const item of text.split(",")) {
    const [span = "", step = "1"] = item.split("/");
    const [first, last] = span === "*" ? [least, 59] : span.split("-").map(Number);
    for (let number = first ?? 0; number <= (last ?? first ?? 0); number += Number(step)) numbers.add(number);
  }
  return numbers;
}

/** Difference of the local time from UTC. Zones change it at a quarter of an hour only. */
function offsets(timeZone: string): (time: number) => number {
  const format = new Intl.DateTimeFormat("en-GB", { timeZone, dateStyle: "short", timeStyle: "medium" });
  let quarter = Number.NaN;
  let offset = 0;
  return (time) => {
    const current = Math.floor(time / QUARTER);
    if (current !== quarter) {
      quarter = current;
      const [, day, month, year, hour, minute, second] =
        /^(\d+)\/(\d+)\/(\d+), (\d+):(\d+):(\d+)$/.exec(format.format(current * QUARTER)) ?? [];
      const local = Date.UTC(
        Number(year),
        Number(month) - 1,
        Number(day),
        Number(hour),
        Number(minute),
        Number(second),
      );
      offset = local - current * QUARTER;
    }
    return offset;
  };
}
