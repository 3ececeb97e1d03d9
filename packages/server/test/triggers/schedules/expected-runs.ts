const MINUTE = 60_000;
/** A recorded run that is this far ahead of the clock is void. */
const VOID = 61 * MINUTE;

/** A time in which a program ran and its clock did not jump, by the clock on the wall. */
export interface Stretch {
  readonly from: number;
  to: number;
  /** Trigger whose run at `to` was accepted just before the power failed. No other run of that moment was. */
  lastOf?: string;
}

/** The rules of schedules in words, applied to what the clock on the wall showed while the program ran. */
export function expectedRuns(
  trigger: string,
  runs: readonly number[],
  stretches: readonly Stretch[],
  missed = "skip",
): string[] {
  const wanted: string[] = [];
  const between = (after: number, until: number) => runs.slice(countUpTo(runs, after), countUpTo(runs, until));
  let through: number | null = null;
  for (const { from, to, lastOf } of stretches) {
    if (through === null || through > from + VOID) through = from;
    const gone = between(through, from - 1);
    const late = between(Math.max(through, from - 1), from);
    const most =
      missed === "skip" ? 0 : missed === "once" ? (late.length > 0 ? 0 : 1) : Number(missed.split(" ").at(-1));
    const made = most === 0 ? [] : gone.slice(-most);
    wanted.push(...made.map((run) => `${iso(run)} missed`));
    if (gone.length > 0) through = made.at(-1) ?? from - 1;
    const current = between(Math.max(through, from - 1), lastOf === undefined || lastOf === trigger ? to : to - 1);
    wanted.push(...current.map(iso));
    through = current.at(-1) ?? through;
  }
  return wanted;
}

/** How many of these times, which are in order, are at most another. */
function countUpTo(times: readonly number[], until: number): number {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] ?? 0) <= until) low = middle + 1;
    else high = middle;
  }
  return low;
}

function iso(time: number): string {
  return new Date(time).toISOString();
}
