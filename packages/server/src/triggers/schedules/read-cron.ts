import { cutText } from "@nanoagent/models";

/** Longest line of cron. */
const MAX_CHARACTERS = 256;
const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
/** Days of the longest February, and of the other months. */
const MONTH_DAYS = [29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
/** Values of other programs, such as the last day of a month, a weekday near the 15th, or the second Friday. */
const EXTENSION = /[#?]|^(?:l|lw|\d+[lw])$/;
const EXAMPLE = 'Use five fields such as "0 6 * * *", or @hourly, @daily, @weekly, @monthly or @yearly.';

const nicknames: Readonly<Record<string, string>> = {
  "@hourly": "0 * * * *",
  "@daily": "0 0 * * *",
  "@midnight": "0 0 * * *",
  "@weekly": "0 0 * * 0",
  "@monthly": "0 0 1 * *",
  "@yearly": "0 0 1 1 *",
  "@annually": "0 0 1 1 *",
};

/** One field of a line of cron. */
interface Field {
  readonly name: string;
  readonly least: number;
  readonly most: number;
  /** Names of the values from `least` on. */
  readonly names?: readonly string[];
}

const second: Field = { name: "second", least: 0, most: 59 };
const fields: readonly Field[] = [
  { name: "minute", least: 0, most: 59 },
  { name: "hour", least: 0, most: 23 },
  { name: "day of the month", least: 1, most: 31 },
  { name: "month", least: 1, most: 12, names: MONTHS },
  { name: "day of the week", least: 0, most: 7, names: WEEKDAYS },
];

/** A line of cron in the form in which it is calculated with. */
export interface CronLine {
  /** Six fields, beginning with seconds. A field that does not begin with `*` is a list of numbers. */
  readonly pattern: string;
  /**
   * Whether a day must match both fields of days. As in Vixie cron, that is so when one of them begins with `*`; otherwise
   * either is enough.
   */
  readonly needsBothDays: boolean;
}

/**
 * Reads a line of cron: five fields, or six of which the first is seconds; or `@daily` and the like. Throws a TypeError with
 * sentences for people. The extensions `L`, `W`, `#` and `?` are refused.
 */
export function readCron(text: string): CronLine {
  const shown = JSON.stringify(cutText(text, 80));
  if (text.length > MAX_CHARACTERS) {
    throw new TypeError(`The schedule ${shown} is longer than ${MAX_CHARACTERS} characters. ${EXAMPLE}`);
  }
  const line = text.trim().toLowerCase();
  if (line === "@reboot") {
    throw new TypeError(
      "@reboot is not a time. Use a line such as 0 6 * * *; to act at a start, let the system run: nanoagent triggers run NAME",
    );
  }
  const parts = (nicknames[line] ?? line).split(/\s+/);
  if (parts.length !== 5 && parts.length !== 6) {
    const fault = line.startsWith("@") ? "is not known" : `has ${line === "" ? 0 : parts.length} fields`;
    throw new TypeError(`The schedule ${shown} ${fault}. ${EXAMPLE}`);
  }
  const withSeconds = parts.length === 6 ? parts : ["0", ...parts];
  const values = [second, ...fields].map((field, index) => readField(withSeconds[index] ?? "", field, shown));
  const [, , , days, months, weekdays] = values as [Values, Values, Values, Values, Values, Values];
  const needsBothDays = days.beginsWithStar || weekdays.beginsWithStar;
  if (needsBothDays && ![...months.numbers].some((month) => Math.min(...days.numbers) <= daysOf(month))) {
    throw new TypeError(
      `The schedule ${shown} never runs: no month that it names has such a day. Change the day or the month.`,
    );
  }
  return { pattern: values.map(write).join(" "), needsBothDays };
}

interface Values {
  readonly text: string;
  readonly beginsWithStar: boolean;
  readonly numbers: ReadonlySet<number>;
}

function readField(text: string, field: Field, shown: string): Values {
  const numbers = new Set<number>();
  for (const item of text.split(",")) {
    for (const number of readItem(item, field, shown)) numbers.add(isSunday(number, field) ? 0 : number);
  }
  return { text, beginsWithStar: text.startsWith("*"), numbers };
}

/** Reads `*`, `5`, `1-5`, each but the second also with a step such as `/2`. */
function readItem(item: string, field: Field, shown: string): number[] {
  const match = /^(?:(\*)|(\w+)(?:-(\w+))?)(?:\/(\d{1,4}))?$/.exec(item);
  const [, star, from = "", to, step] = match ?? [];
  const first = star === undefined ? readNumber(from, field) : field.least;
  const end = star !== undefined ? field.most : to === undefined ? first : readNumber(to, field);
  const fault = (words: string) =>
    new TypeError(`The schedule ${shown} has ${JSON.stringify(item)} as ${field.name}: ${words}. ${EXAMPLE}`);
  if (EXTENSION.test(item)) throw fault("L, W, # and ? are not supported");
  if (match === null) throw fault("that is not a value");
  if (first === null || end === null) throw fault(`values are ${field.least} to ${field.most}${namesOf(field)}`);
  // A range up to SUN means the Sunday at the end of the week.
  const last = to === WEEKDAYS[0] && first > 0 ? 7 : end;
  if (last < first) throw fault("the range ends before it begins");
  if (step === undefined) return range(first, last, 1);
  if (star === undefined && to === undefined) throw fault("a step needs a range, such as */5 or 10-59/5");
  if (Number(step) < 1 || Number(step) > field.most) throw fault(`the step is not between 1 and ${field.most}`);
  // 7 is Sunday again.
  return range(first, star !== undefined && field.names === WEEKDAYS ? 6 : last, Number(step));
}

function readNumber(text: string, { least, most, names }: Field): number | null {
  const index = names?.indexOf(text) ?? -1;
  if (index >= 0) return index + least;
  if (!/^\d{1,4}$/.test(text)) return null;
  const number = Number(text);
  return number >= least && number <= most ? number : null;
}

function write({ text, beginsWithStar, numbers }: Values): string {
  if (text === "*") return text;
  const list = [...numbers].sort((one, other) => one - other).join(",");
  // A step of 1 keeps the star without adding a value.
  return beginsWithStar ? starOf(text, list) : list;
}

/** Keeps the star of a field that begins with one, with all its values. */
function starOf(text: string, list: string): string {
  const [first = ""] = text.split(",");
  return first === "*" || /^\*\/0*1$/.test(first) ? "*" : `${first},${list}`;
}

function range(first: number, last: number, step: number): number[] {
  const numbers: number[] = [];
  for (let number = first; number <= last; number += step) numbers.push(number);
  return numbers;
}

function isSunday(number: number, field: Field): boolean {
  return field.names === WEEKDAYS && number === 7;
}

function daysOf(month: number): number {
  return month === 1 ? 31 : (MONTH_DAYS[month - 2] ?? 0);
}

function namesOf({ names }: Field): string {
  return names === undefined ? "" : `, or ${(names[0] ?? "").toUpperCase()} and the like`;
}
