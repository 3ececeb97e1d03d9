// Answers from museum.json, as JSON:
//   museum.mjs hours DAY       opening hours; DAY is today, tomorrow or a weekday
//   museum.mjs place NAME      the way to a place, in every language of the file
//   museum.mjs next tour|bus   the next departure today, or the first one on a later day
// KIOSK_NOW, such as 2026-05-14T14:05, replaces the clock. TZ is the time zone.
import { readFileSync, statSync } from "node:fs";

/** Size limit of the data file. A larger file is probably the wrong one. */
const MAX_FILE_BYTES = 256 * 1024;
/** Days to look ahead for the next opening or departure. */
const MAX_DAYS_AHEAD = 60;

const weekdays = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];
const relativeDays = {
  today: { en: "Today", es: "Hoy" },
  tomorrow: { en: "Tomorrow", es: "Mañana" },
};
const spokenDays = {
  monday: { en: "On Monday", es: "El lunes" },
  tuesday: { en: "On Tuesday", es: "El martes" },
  wednesday: { en: "On Wednesday", es: "El miércoles" },
  thursday: { en: "On Thursday", es: "El jueves" },
  friday: { en: "On Friday", es: "El viernes" },
  saturday: { en: "On Saturday", es: "El sábado" },
  sunday: { en: "On Sunday", es: "El domingo" },
};

const commands = { hours, place, next };

try {
  const [command, argument, ...rest] = process.argv.slice(2);
  if (!Object.hasOwn(commands, command ?? "") || argument === undefined || rest.length > 0) {
    throw new Error("wrong arguments. Usage: museum.mjs hours DAY | place NAME | next tour|bus");
  }
  console.log(JSON.stringify(commands[command](argument, readMuseum(), readClock())));
} catch (error) {
  console.error(`error: ${error.message}`);
  process.exitCode = 1;
}

function hours(day, museum, now) {
  const daysAhead = daysUntil(day, now);
  const asked = openingOn(museum, now, daysAhead);
  const spoken = spokenDay(now, daysAhead);
  if (asked !== null) {
    const isOver = daysAhead === 0 && minutesOf(now) >= minutesOfText(asked[1]);
    if (!isOver) return { open: { day: spoken, from: asked[0], to: asked[1] } };
  }
  for (let ahead = daysAhead + 1; ahead <= MAX_DAYS_AHEAD; ahead++) {
    const later = openingOn(museum, now, ahead);
    if (later === null) continue;
    const reopens = { day: spokenDay(now, ahead), from: later[0], to: later[1] };
    return asked === null ? { closed: { day: spoken }, reopens } : { over: { to: asked[1] }, reopens };
  }
  return { closed: { day: spoken } };
}

function place(name, museum) {
  return { directions: entryOf(museum.places, name, "place") };
}

function next(kind, museum, now) {
  const timetable = entryOf(museum.departures, kind, "timetable");
  for (let ahead = 0; ahead <= MAX_DAYS_AHEAD; ahead++) {
    const date = dateAfter(now, ahead);
    // Tours need an open museum; buses run every day.
    if (kind === "tour" && openingOn(museum, now, ahead) === null) continue;
    const earliest = ahead === 0 ? minutesOf(now) : 0;
    const times = timetable[weekdays[date.getDay()]] ?? [];
    const time = times.find((departure) => minutesOfText(departure) >= earliest);
    if (time === undefined) continue;
    if (ahead > 0) return { later: { day: spokenDay(now, ahead), time } };
    return { today: { time, minutes: minutesOfText(time) - earliest } };
  }
  return {};
}

/** Opening and closing time of the day that is `ahead` days after `now`, or null where the museum is closed. */
function openingOn(museum, now, ahead) {
  const date = dateAfter(now, ahead);
  const isClosed = museum.closed_dates.includes(isoDate(date));
  return isClosed ? null : (museum.hours[weekdays[date.getDay()]] ?? null);
}

function daysUntil(day, now) {
  if (day === "today") return 0;
  if (day === "tomorrow") return 1;
  const weekday = weekdays.indexOf(day);
  if (weekday < 0) throw new Error(`unknown day "${day}": use today, tomorrow or a weekday such as monday`);
  return (weekday - now.getDay() + 7) % 7;
}

function spokenDay(now, ahead) {
  if (ahead === 0) return relativeDays.today;
  if (ahead === 1) return relativeDays.tomorrow;
  return spokenDays[weekdays[dateAfter(now, ahead).getDay()]];
}

/** Noon of a later day. Noon exists once on every day, also when the clocks change. */
function dateAfter(now, days) {
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() + days, 12);
}

function isoDate(date) {
  const twoDigits = (number) => String(number).padStart(2, "0");
  return `${date.getFullYear()}-${twoDigits(date.getMonth() + 1)}-${twoDigits(date.getDate())}`;
}

function minutesOf(date) {
  return date.getHours() * 60 + date.getMinutes();
}

function minutesOfText(time) {
  const [, hour, minute] = /^(\d\d):(\d\d)$/.exec(time) ?? [];
  if (hour === undefined) throw new Error(`museum.json has "${time}" where a time such as 09:30 belongs`);
  return Number(hour) * 60 + Number(minute);
}

function entryOf(table, name, kind) {
  if (Object.hasOwn(table, name)) return table[name];
  throw new Error(`unknown ${kind} "${name}": museum.json has ${Object.keys(table).join(", ")}`);
}

function readMuseum() {
  const file = new URL("museum.json", import.meta.url);
  if (statSync(file).size > MAX_FILE_BYTES) throw new Error(`museum.json is larger than ${MAX_FILE_BYTES} bytes`);
  let museum;
  try {
    museum = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new Error(`museum.json cannot be read: ${error.message}`);
  }
  for (const key of ["hours", "closed_dates", "departures", "places"]) {
    if (typeof museum?.[key] !== "object" || museum[key] === null) throw new Error(`museum.json has no "${key}"`);
  }
  return museum;
}

function readClock() {
  const fixed = process.env.KIOSK_NOW;
  const now = fixed ? new Date(fixed) : new Date();
  if (Number.isNaN(now.getTime())) throw new Error(`KIOSK_NOW "${fixed}" is not a time such as 2026-05-14T14:05`);
  return now;
}
