// Words for a period, as times. Days begin at local midnight: a day has 23 or 25 hours when the clocks change.

const weekdays = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];
/** Longest period in days. */
const MAX_DAYS = 366;

/** Returns the current time, or METER_NOW if it is set. */
export function readClock() {
  const fixed = process.env.METER_NOW;
  const now = fixed ? new Date(fixed) : new Date();
  if (Number.isNaN(now.getTime())) throw new Error(`METER_NOW "${fixed}" is not a time such as 2026-03-30T08:30`);
  return now;
}

/**
 * Reads today, yesterday (also for an empty text), week, last-week, month, last-month, a weekday, 7d, the number of a
 * month, DATE or DATE..DATE. A date is 2026-03-24, or 3-24 for the last March 24 up to today. Returns `{ from, to,
 * spoken }`; `to` is the first moment after the period.
 */
export function readPeriod(text, now) {
  const today = dayAfter(now, 0);
  const days = (from, to, spoken) => ({ from: dayAfter(today, from), to: dayAfter(today, to), spoken });
  const sinceMonday = (now.getDay() + 6) % 7;
  switch (text || "yesterday") {
    case "today":
      return days(0, 1, "today");
    case "yesterday":
      return days(-1, 0, "yesterday");
    case "week":
      return days(-sinceMonday, 7 - sinceMonday, "this week");
    case "last-week":
      return days(-sinceMonday - 7, -sinceMonday, "last week");
    case "month":
      return { from: monthAfter(now, 0), to: monthAfter(now, 1), spoken: "this month" };
    case "last-month":
      return { from: monthAfter(now, -1), to: monthAfter(now, 0), spoken: "last month" };
  }
  const weekday = weekdays.indexOf(text);
  if (weekday >= 0) {
    const ago = (now.getDay() - weekday + 7) % 7 || 7;
    return days(-ago, 1 - ago, `on ${spokenDay(dayAfter(today, -ago))}`);
  }
  const count = Number(/^(\d{1,3})d$/.exec(text)?.[1]);
  if (count > 0 && count <= MAX_DAYS) return days(-count, 0, count === 1 ? "yesterday" : `in the last ${count} days`);
  const month = Number(/^(\d{1,2})$/.exec(text)?.[1]);
  if (month >= 1 && month <= 12) {
    // A month later than this one is one of last year.
    const from = monthAfter(now, month - 1 - now.getMonth() - (month - 1 > now.getMonth() ? 12 : 0));
    return { from, to: monthAfter(from, 1), spoken: `in ${from.toLocaleDateString("en-US", { month: "long" })}` };
  }
  const dates = text.split("..");
  const first = readDate(dates[0], today);
  const last = dates.length === 1 ? first : readLastDate(dates[1], first, today);
  if (dates.length > 2 || first === null || last === null) {
    throw new Error(`"${text}" is not a period: use yesterday, week, 7d, 2026-03-24 or 2026-03-24..2026-03-27`);
  }
  if (last < first) throw new Error(`the period ${text} ends before it begins`);
  const spoken =
    first.getTime() === last.getTime()
      ? `on ${spokenDay(first)}`
      : `from ${spokenDay(first)} through ${spokenDay(last)}`;
  return { from: first, to: dayAfter(last, 1), spoken };
}

/** Returns midnight of a date, or null for other texts. Without a year, it is the last such date up to today. */
function readDate(text, today) {
  const year = today.getFullYear();
  const date = readDateIn(year, text);
  return hasNoYear(text) && date > today ? readDateIn(year - 1, text) : date;
}

/** Like readDate, for the end of a period: without a year, it is the first such date after the beginning. */
function readLastDate(text, first, today) {
  if (first === null) return null;
  const year = first.getFullYear();
  const date = readDateIn(year, text);
  return hasNoYear(text) && date < first && year < today.getFullYear() ? readDateIn(year + 1, text) : date;
}

/** Reads a date; `defaultYear` is the year if the text has none. */
function readDateIn(defaultYear, text) {
  const [, year = defaultYear, month, day] = /^(?:(\d{4})-)?(\d{1,2})-(\d{1,2})$/.exec(text) ?? [];
  const date = new Date(Number(year), Number(month) - 1, Number(day));
  // February 30 would become a day in March.
  return date.getMonth() === Number(month) - 1 ? date : null;
}

function hasNoYear(text) {
  return !/^\d{4}-/.test(text);
}

/** Returns local midnight of the day that is `days` days after a date. */
export function dayAfter(date, days) {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate() + days);
}

function monthAfter(date, months) {
  return new Date(date.getFullYear(), date.getMonth() + months, 1);
}

/** Formats a date, without the year if it is the current one. */
function spokenDay(date) {
  const isThisYear = date.getFullYear() === readClock().getFullYear();
  return date.toLocaleDateString("en-US", { month: "short", day: "numeric", ...(!isThisYear && { year: "numeric" }) });
}

export function spokenTime(date) {
  const time = [date.getHours(), date.getMinutes()].map((part) => String(part).padStart(2, "0")).join(":");
  return `${time} on ${spokenDay(date)}`;
}
