/** Most formatters that are kept. Each takes about 50 KB. */
const MAX_FORMATTERS = 32;

const formatters = new Map<string, Intl.DateTimeFormat>();

/** Time that a clock on the wall shows. `month` is 1 to 12. */
export interface LocalTime {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

/** Time zone of this system, such as `Europe/Berlin`. */
export function systemTimeZone(): string {
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  return isTimeZone(timeZone) ? timeZone : "UTC";
}

/** Whether this system knows a time zone. A small build of Node knows few. */
export function isTimeZone(name: string): boolean {
  try {
    formatterOf(name);
    return true;
  } catch {
    return false;
  }
}

/** Says in one sentence why a time zone cannot be used, or returns null. */
export function findTimeZoneIssue(name: string): string | null {
  if (isTimeZone(name)) return null;
  return `This system does not know the time zone ${JSON.stringify(name)}; use a name such as Europe/Berlin, or UTC.`;
}

/** Returns the local time in a time zone. Throws a RangeError for a time zone that the system does not know. */
export function localTime(milliseconds: number, timeZone: string): LocalTime {
  const parts: Record<string, number> = {};
  for (const { type, value } of formatterOf(timeZone).formatToParts(milliseconds)) parts[type] = Number(value);
  const { year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0 } = parts;
  return { year, month, day, hour, minute, second };
}

function formatterOf(timeZone: string): Intl.DateTimeFormat {
  const known = formatters.get(timeZone);
  if (known !== undefined) return known;
  const formatter = new Intl.DateTimeFormat("en-US", {
    timeZone,
    calendar: "gregory",
    numberingSystem: "latn",
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  });
  if (formatters.size >= MAX_FORMATTERS) formatters.clear();
  formatters.set(timeZone, formatter);
  return formatter;
}
