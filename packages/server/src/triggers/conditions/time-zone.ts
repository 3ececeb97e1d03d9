import { readlinkSync } from "node:fs";

/** Most formatters that are kept. Each takes about 50 KB. */
const MAX_FORMATTERS = 32;
const MINUTES_PER_HOUR = 60;

const formatters = new Map<string, Intl.DateTimeFormat>();
let linkedZone: string | null | undefined;

/**
 * Returns a time zone in the form in which it is calculated with: null for that of the system. `Intl` takes 8 MB of memory
 * when it is first used, and the system's time zone and UTC do without it.
 */
export function leanTimeZone(name: string | undefined): string | null {
  return name === undefined || name === systemTimeZone() ? null : name;
}

/** Says in one sentence why a time zone cannot be used, or returns null. A small build of Node knows few. */
export function findTimeZoneIssue(name: string): string | null {
  const zone = leanTimeZone(name);
  try {
    if (zone !== null && zone !== "UTC") formatterOf(zone);
    return null;
  } catch {
    return `This system does not know the time zone ${JSON.stringify(name)}; use a name such as Europe/Berlin, or UTC.`;
  }
}

/**
 * Returns the minute of the day that a clock on the wall shows. Without a time zone, that of the system counts. Throws a
 * RangeError for a time zone that the system does not know.
 */
export function minuteOfDay(milliseconds: number, timeZone: string | undefined): number {
  const zone = leanTimeZone(timeZone);
  const date = new Date(milliseconds);
  if (zone === null) return date.getHours() * MINUTES_PER_HOUR + date.getMinutes();
  if (zone === "UTC") return date.getUTCHours() * MINUTES_PER_HOUR + date.getUTCMinutes();
  const parts: Record<string, number> = {};
  for (const { type, value } of formatterOf(zone).formatToParts(date)) parts[type] = Number(value);
  return (parts.hour ?? 0) * MINUTES_PER_HOUR + (parts.minute ?? 0);
}

/** Name of the system's time zone, or null where it cannot be told without `Intl`. */
function systemTimeZone(): string | null {
  const { TZ } = process.env;
  if (TZ !== undefined) return TZ === "" ? null : TZ;
  if (linkedZone === undefined) linkedZone = readLinkedZone();
  return linkedZone;
}

function readLinkedZone(): string | null {
  try {
    return /zoneinfo\/(.+)$/.exec(readlinkSync("/etc/localtime"))?.[1] ?? null;
  } catch {
    return null;
  }
}

function formatterOf(timeZone: string): Intl.DateTimeFormat {
  const known = formatters.get(timeZone);
  if (known !== undefined) return known;
  const formatter = new Intl.DateTimeFormat("en-US", {
    timeZone,
    numberingSystem: "latn",
    hourCycle: "h23",
    hour: "numeric",
    minute: "numeric",
  });
  if (formatters.size >= MAX_FORMATTERS) formatters.clear();
  formatters.set(timeZone, formatter);
  return formatter;
}
