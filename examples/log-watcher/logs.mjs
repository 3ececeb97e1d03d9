// Searches a log file and prints the results as JSON:
//   logs.mjs count SINCE          errors since a time
//   logs.mjs top SINCE            the most frequent errors since a time
//   logs.mjs newest               the newest error
//   logs.mjs tail COUNT [WORD]    the last lines, or the last lines that contain a word
//   logs.mjs service NAME SINCE   whether a program writes errors
// SINCE is 30m, 6h or 2d before now, a time of day such as 14:05 or 2:05pm, today, or empty for 24 hours.
// LOG_FILE names the file, LOG_NOW (such as 2026-05-14T14:00) replaces the clock.
import { readEntries } from "./read-log.mjs";

/** Longest part of a line that is shown. */
const MAX_LINE_CHARACTERS = 300;
const MAX_SHOWN_LINES = 50;
const MAX_TOP_MESSAGES = 5;
const MAX_LISTED_PROGRAMS = 10;

const usage = "logs.mjs count SINCE | top SINCE | newest | tail COUNT [WORD] | service NAME SINCE";

const commands = {
  count: { least: 1, most: 1, run: count },
  top: { least: 1, most: 1, run: top },
  newest: { least: 0, most: 0, run: newest },
  tail: { least: 1, most: 2, run: tail },
  service: { least: 2, most: 2, run: service },
};

try {
  const [name = "", ...rest] = process.argv.slice(2);
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined || rest.length < command.least || rest.length > command.most) {
    throw new Error(`wrong arguments. Usage: ${usage}`);
  }
  console.log(JSON.stringify(command.run(...rest)));
} catch (error) {
  console.error(`error: ${error.message}`);
  process.exitCode = 1;
}

function count(since) {
  const { from, spoken } = readSince(since);
  const errors = readEntries(readClock()).filter((entry) => entry.isError && entry.at >= from);
  const programs = countBy(errors, (entry) => entry.program).map(([program, times]) => `${program} ${times}`);
  if (errors.length === 0) return { errors: 0, none: `No errors ${spoken}.` };
  return {
    errors: errors.length,
    spoken: `${spokenCount(errors.length)} ${spoken}`,
    by: programs.slice(0, MAX_LISTED_PROGRAMS).join(", "),
    newest: shownLine(errors.at(-1)),
  };
}

function top(since) {
  const { from, spoken } = readSince(since);
  const errors = readEntries(readClock()).filter((entry) => entry.isError && entry.at >= from);
  // Messages that differ only in their numbers count as the same one.
  const kindOf = ({ program, message }) => `${program}: ${message.replace(/\d+/g, "#")}`;
  const newestOf = new Map(errors.map((entry) => [kindOf(entry), entry]));
  const lines = countBy(errors, kindOf)
    .slice(0, MAX_TOP_MESSAGES)
    .map(([kind, times]) => `${times} × ${newestOf.get(kind).program}: ${cut(newestOf.get(kind).message)}`);
  return lines.length === 0 ? { none: `There are no errors ${spoken}.` } : { messages: lines.join("\n") };
}

function newest() {
  const error = readEntries(readClock()).findLast((entry) => entry.isError);
  if (error === undefined) return { none: "The log has no errors." };
  return { line: shownLine(error), ago: spokenAge(readClock() - error.at) };
}

function tail(lines, word) {
  const wanted = Number(lines);
  if (!Number.isInteger(wanted) || wanted < 1 || wanted > MAX_SHOWN_LINES) {
    throw new Error(`"${lines}" is not a number of lines from 1 to ${MAX_SHOWN_LINES}`);
  }
  const needle = (word ?? "").replace(/^["'“”]+|["'“”]+$/g, "").toLowerCase();
  const found = readEntries(readClock()).filter(({ text }) => text.toLowerCase().includes(needle));
  if (found.length === 0) return { none: needle ? `No line contains "${needle}".` : "The log is empty." };
  return { lines: found.slice(-wanted).map(shownLine).join("\n") };
}

function service(name, since) {
  const { from, spoken } = readSince(since);
  const wanted = name.toLowerCase().replace(/\.service$/, "");
  const isNamed = (message) =>
    message
      .toLowerCase()
      .split(/[^\w-]+/)
      .includes(wanted);
  const entries = readEntries(readClock());
  // systemd reports failures of other programs. Its messages contain their names.
  const own = entries.filter(({ program, message }) =>
    program.toLowerCase() === "systemd" ? isNamed(message) : program.toLowerCase() === wanted,
  );
  if (own.length === 0) {
    const programs = countBy(entries, ({ program }) => program).map(([program]) => program);
    return { unknown: name, programs: programs.slice(0, MAX_LISTED_PROGRAMS).join(", ") || "no programs" };
  }
  const errors = own.filter((entry) => entry.isError && entry.at >= from);
  if (errors.length === 0) return { healthy: name, since: spoken, last: shownLine(own.at(-1)) };
  return { failing: name, spoken: `${spokenCount(errors.length)} ${spoken}`, newest: shownLine(errors.at(-1)) };
}

/** The beginning of a period, and the words for it. */
function readSince(text) {
  const now = readClock();
  if (text === "today") {
    return { from: new Date(now.getFullYear(), now.getMonth(), now.getDate()), spoken: "since midnight" };
  }
  const [, amount, unit] = /^(\d{1,4})([mhd])$/.exec(text || "24h") ?? [];
  if (amount !== undefined && Number(amount) > 0) {
    const unitSeconds = { m: 60, h: 3600, d: 86_400 }[unit];
    const unitName = { m: "minute", h: "hour", d: "day" }[unit];
    const spoken = Number(amount) === 1 ? `in the last ${unitName}` : `in the last ${amount} ${unitName}s`;
    return { from: new Date(now - Number(amount) * unitSeconds * 1000), spoken };
  }
  const time = readTimeOfDay(text);
  if (time === null) throw new Error(`"${text}" is not a time: use 30m, 6h, 2d, 14:05 or today`);
  const from = new Date(now.getFullYear(), now.getMonth(), now.getDate(), time.hour, time.minute);
  // A time later than now is one of yesterday.
  const isToday = from <= now;
  if (!isToday) from.setDate(from.getDate() - 1);
  return { from, spoken: `since ${clockTime(from).slice(0, 5)}${isToday ? "" : " yesterday"}` };
}

/** 14:05 or 2:05pm, or null for anything else. */
function readTimeOfDay(text) {
  const [, written, minute, half] = /^(\d{1,2}):(\d{1,2})(am|pm)?$/.exec(text) ?? [];
  if (written === undefined || Number(minute) > 59) return null;
  if (half === undefined) return Number(written) > 23 ? null : { hour: Number(written), minute: Number(minute) };
  if (Number(written) < 1 || Number(written) > 12) return null;
  return { hour: (Number(written) % 12) + (half === "pm" ? 12 : 0), minute: Number(minute) };
}

function readClock() {
  const fixed = process.env.LOG_NOW;
  const now = fixed ? new Date(fixed) : new Date();
  if (Number.isNaN(now.getTime())) throw new Error(`LOG_NOW "${fixed}" is not a time such as 2026-05-14T14:00`);
  return now;
}

/** Keys and how often each occurs, the most frequent first. */
function countBy(entries, keyOf) {
  const counts = new Map();
  for (const entry of entries) {
    const key = keyOf(entry);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return [...counts].sort(([, one], [, other]) => other - one);
}

function spokenCount(errors) {
  return errors === 1 ? "1 error" : `${errors} errors`;
}

function spokenAge(milliseconds) {
  const minutes = Math.max(0, Math.round(milliseconds / 60_000));
  if (minutes < 120) return `${minutes} min ago`;
  if (minutes < 48 * 60) return `${Math.round(minutes / 60)} hours ago`;
  return `${Math.round(minutes / 1440)} days ago`;
}

function shownLine({ at, program, message }) {
  return `${clockTime(at)} ${program}: ${cut(message)}`;
}

function clockTime(date) {
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => String(part).padStart(2, "0")).join(":");
}

function cut(text) {
  return text.length <= MAX_LINE_CHARACTERS ? text : `${text.slice(0, MAX_LINE_CHARACTERS - 1)}…`;
}
