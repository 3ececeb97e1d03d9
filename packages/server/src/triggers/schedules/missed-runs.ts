import type { RunRule } from "./read-rule.js";

/** Most runs that are handed out together. */
const MAX_RUNS = 1000;
/** Rules have at most one run a second. */
const LEAST_GAP_MILLISECONDS = 1000;

export interface DueRuns {
  /** Oldest first. */
  readonly runs: readonly number[];
  /** All runs up to this time are in `runs` or are left out. */
  readonly through: number;
}

export interface DueRunsOptions {
  /** `skip`, `once`, or `all up to 5`. Default: `skip`. */
  readonly missed: string | undefined;
  /** Runs before this time are missed, later ones are late at most. Not after `now`. */
  readonly missedBefore: number;
}

/**
 * Returns the runs after `through`, up to `now`, that are to be handed out: those that are late, and of the missed ones as
 * many as `missed` says, the newest of them. `once` makes up for missed runs only if no later run does. At most 1000. Looks at
 * few of the runs that are left out, so a year of a rule that runs every second takes milliseconds.
 */
export function dueRuns(
  rule: RunRule,
  through: number,
  now: number,
  { missed = "skip", missedBefore }: DueRunsOptions,
): DueRuns {
  const first = rule.nextAfter(through);
  if (first === null || first > now) return { runs: [], through };
  const late = newestRuns(rule, Math.max(through, missedBefore - 1), now, MAX_RUNS);
  if (first >= missedBefore) return { runs: late, through: late.at(-1) ?? through };
  const wanted = missed === "skip" ? 0 : missed === "once" ? Math.max(0, 1 - late.length) : readCount(missed);
  const made = newestRuns(rule, through, missedBefore - 1, Math.min(wanted, MAX_RUNS - late.length));
  const runs = [...made, ...late];
  return { runs, through: runs.at(-1) ?? missedBefore - 1 };
}

/** Returns the newest runs after one time and up to another, oldest first. */
function newestRuns(rule: RunRule, after: number, until: number, most: number): number[] {
  const runs: number[] = [];
  if (most === 0) return runs;
  // Usually there are few.
  let run = rule.nextAfter(after);
  while (run !== null && run <= until && runs.length < most) {
    runs.push(run);
    run = rule.nextAfter(run);
  }
  if (run === null || run > until) return runs;

  const newest = [lastRun(rule, after, until) ?? run];
  let gap = LEAST_GAP_MILLISECONDS;
  while (newest.length < most) {
    const [first = 0] = newest;
    const previous = previousRun(rule, after, first, gap);
    if (previous === null) break;
    gap = first - previous;
    newest.unshift(previous);
  }
  return newest;
}

/** Returns the last run after one time and up to another, or null. */
function lastRun(rule: RunRule, after: number, until: number): number | null {
  let run = rule.nextAfter(after);
  if (run === null || run > until) return null;
  let end = until;
  const second = rule.nextAfter(run);
  if (second === null || second > until) return run;
  // After `end`, there is no run up to `until`.
  for (run = second; end - run >= LEAST_GAP_MILLISECONDS; ) {
    const middle = Math.floor((run + end) / 2);
    const next = rule.nextAfter(middle);
    if (next !== null && next <= until) run = next;
    else end = middle;
  }
  return run;
}

/** Returns the last run before another that is after a time, or null. `gap` is the expected distance. */
function previousRun(rule: RunRule, after: number, run: number, gap: number): number | null {
  for (let distance = gap; ; distance *= 2) {
    const from = Math.max(after, run - distance - 1);
    const found = lastRun(rule, from, run - 1);
    if (found !== null || from === after) return found;
  }
}

function readCount(missed: string): number {
  return Number(/\d+$/.exec(missed)?.[0] ?? 0);
}
