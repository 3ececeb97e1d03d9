import type { QuietHours } from "@nanoagent/models";
import { minuteOfDay } from "./time-zone.js";

/** Whether a time is within the quiet hours, by the clock on the wall. Throws a RangeError for an unknown time zone. */
export function isQuiet({ from, to, time_zone }: QuietHours, now: number): boolean {
  const time = minuteOfDay(now, time_zone);
  const [start, end] = [minuteOf(from), minuteOf(to)];
  return start <= end ? time >= start && time < end : time >= start || time < end;
}

/** Minute of the day of a text such as `22:00`. */
function minuteOf(text: string): number {
  const [hour, minute] = text.split(":");
  return Number(hour) * 60 + Number(minute);
}
