import { parseDuration, type RateLimit } from "@nanoagent/models";

/** Most entries of a window. Above, events close to each other share one, and count as long as the last of them. */
const MAX_ENTRIES = 100;

/** Events that counted: the number of a slice of time, and the events in it. Oldest first. */
export type RateWindow = readonly (readonly [slice: number, events: number])[];

/** Returns the part of a window that still counts. Events of the future, from before a jump of the clock, count as now. */
export function currentWindow(window: RateWindow, limit: RateLimit, now: number): RateWindow {
  const width = sliceMilliseconds(limit);
  const newest = Math.floor(now / width);
  return window
    .map(([slice, events]) => [Math.min(slice, newest), events] as const)
    .filter(([slice]) => slice * width + (width - 1) + periodOf(limit) > now)
    .slice(-MAX_ENTRIES);
}

/** Whether one more event is within the limit. */
export function hasPlace(window: RateWindow, limit: RateLimit, now: number): boolean {
  const events = currentWindow(window, limit, now).reduce((sum, [, count]) => sum + count, 0);
  return events < limit.max;
}

/** Returns the window with an event that counts. */
export function addToWindow(window: RateWindow, limit: RateLimit, now: number): RateWindow {
  const slice = Math.floor(now / sliceMilliseconds(limit));
  const current = currentWindow(window, limit, now);
  const last = current.at(-1);
  if (last?.[0] === slice) return [...current.slice(0, -1), [slice, last[1] + 1]];
  return [...current, [slice, 1]];
}

function sliceMilliseconds(limit: RateLimit): number {
  // One entry fewer than the most: the first and the last slice of a window may both be partly in it.
  return limit.max <= MAX_ENTRIES ? 1 : Math.max(1, periodOf(limit) / (MAX_ENTRIES - 2));
}

function periodOf(limit: RateLimit): number {
  return parseDuration(limit.per) ?? 0;
}
