// Answers questions about meters, as JSON:
//   meters.mjs newest METER          the newest readings
//   meters.mjs used METER PERIOD     the use in a period
//   meters.mjs most KIND PERIOD      the meter that used most
//   meters.mjs unusual               meters that used far more or far less yesterday than on the days before
// METER is a meter or a kind of meters.json, or all. PERIOD is explained in periods.mjs.
// METER_FILE names the readings, METER_NOW replaces the clock, TZ is the time zone.
import { dayAfter, readClock, readPeriod, spokenTime } from "./periods.mjs";
import { readMeters, readReadings, usedBetween } from "./readings.mjs";

const HOUR_MILLISECONDS = 3_600_000;
/** Days before yesterday that define the usual use, and the fewest that are enough. */
const USUAL_DAYS = 7;
const FEWEST_USUAL_DAYS = 3;
/** Yesterday is unusual above the first, or below the second, share of the usual. */
const UNUSUALLY_MUCH = 1.6;
const UNUSUALLY_LITTLE = 0.4;

const usage = "meters.mjs newest METER | used METER PERIOD | most KIND PERIOD | unusual";
const commands = {
  newest: { count: 1, run: newest },
  used: { count: 2, run: used },
  most: { count: 2, run: most },
  unusual: { count: 0, run: unusual },
};

try {
  const [name = "", ...rest] = process.argv.slice(2);
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined || rest.length !== command.count) throw new Error(`wrong arguments. Usage: ${usage}`);
  console.log(JSON.stringify(command.run(...rest)));
} catch (error) {
  console.error(`error: ${error.message}`);
  process.exitCode = 1;
}

function newest(meter) {
  const meters = metersOf(meter);
  const readings = readReadings();
  const lines = meters.flatMap((one) => {
    const last = readings.get(one.id)?.at(-1);
    if (last === undefined) return [];
    return [`${capitalized(one.name)}: ${format(last.value, one)} at ${spokenTime(new Date(last.at))}`];
  });
  return lines.length === 0 ? { none: "There are no readings." } : { spoken: lines.join("\n") };
}

function used(meter, period) {
  const meters = metersOf(meter);
  const { from, to, spoken } = readPeriod(period, readClock());
  const readings = readReadings();
  const uses = usesOf(meters, readings, from, to);
  if (uses.length === 0) return { none: `There are no readings ${spoken}.` };
  const parts = uses.map(({ meter: one, use }) => `${one.name} ${format(use.used, one)}`);
  const units = new Set(uses.map(({ meter: one }) => one.unit));
  const sum = uses.reduce((total, { use }) => total + use.used, 0);
  const total = uses.length > 1 && units.size === 1 ? `, together ${format(sum, uses[0].meter)}` : "";
  const notes = notesOf(uses, from, Math.min(to, readClock()));
  return { spoken: `${capitalized(spoken)}: ${parts.join(", ")}${total}.`, ...(notes !== "" && { note: notes }) };
}

function most(kind, period) {
  const meters = metersOf(kind);
  const [{ unit }] = meters;
  const { from, to, spoken } = readPeriod(period, readClock());
  const uses = usesOf(
    meters.filter((one) => one.unit === unit),
    readReadings(),
    from,
    to,
  ).sort((one, other) => other.use.used - one.use.used);
  if (uses.length === 0) return { none: `There are no readings ${spoken}.` };
  const [{ meter, use }] = uses;
  const sum = uses.reduce((total, one) => total + one.use.used, 0);
  const share = sum > 0 && uses.length > 1 ? `, ${Math.round((use.used / sum) * 100)} % of the total` : "";
  return { spoken: `The meter that used most ${spoken}: ${meter.name}, ${format(use.used, meter)}${share}.` };
}

function unusual() {
  const now = readClock();
  const readings = readReadings();
  const found = [];
  let isKnown = false;
  for (const meter of metersOf("all")) {
    const own = readings.get(meter.id) ?? [];
    const yesterday = useOfDay(own, now, 1);
    const before = Array.from({ length: USUAL_DAYS }, (_, index) => useOfDay(own, now, index + 2));
    const known = before.filter((use) => use !== null);
    if (meter.irregular === true || yesterday === null || known.length < FEWEST_USUAL_DAYS) continue;
    isKnown = true;
    const usual = median(known);
    if (yesterday > usual * UNUSUALLY_MUCH || yesterday < usual * UNUSUALLY_LITTLE) {
      found.push(`${meter.name}, ${format(yesterday * 24, meter)} in 24 hours instead of ${format(usual * 24, meter)}`);
    }
  }
  if (!isKnown) return { none: "There are not enough readings to say what is usual." };
  return found.length === 0
    ? { none: "Nothing unusual yesterday." }
    : { spoken: `Unusual yesterday: ${found.join("; ")}.` };
}

/** Returns the use per hour on a day, or null if readings do not cover most of it. */
function useOfDay(readings, now, daysAgo) {
  const from = dayAfter(now, -daysAgo);
  const to = dayAfter(now, 1 - daysAgo);
  const use = usedBetween(readings, from.getTime(), to.getTime());
  if (use === null || use.wentBack || use.to - use.from < (to - from) * 0.9) return null;
  return use.used / ((use.to - use.from) / HOUR_MILLISECONDS);
}

function usesOf(meters, readings, from, to) {
  return meters.flatMap((meter) => {
    const use = usedBetween(readings.get(meter.id) ?? [], from.getTime(), to.getTime());
    return use === null ? [] : [{ meter, use }];
  });
}

/** Returns notes about use that the figures do not include. */
function notesOf(uses, from, to) {
  const notes = uses
    .filter(({ use }) => use.wentBack)
    .map(({ meter }) => `The counter of the ${meter.name} meter went back, so a part is not counted.`);
  const first = Math.min(...uses.map(({ use }) => use.from));
  const last = Math.max(...uses.map(({ use }) => use.to));
  if (first > from.getTime()) notes.push(`Readings begin at ${spokenTime(new Date(first))}.`);
  if (last < to - HOUR_MILLISECONDS) notes.push(`The newest reading is from ${spokenTime(new Date(last))}.`);
  return notes.join(" ");
}

/** Returns the meters of a name, a kind, or all, with their keys as `id`. */
function metersOf(wanted) {
  const meters = Object.entries(readMeters()).map(([id, meter]) => ({ id, ...meter }));
  const found = meters.filter(({ id, kind }) => wanted === "all" || wanted === id || wanted === kind);
  if (found.length > 0) return found;
  throw new Error(`unknown meter "${wanted}": meters.json has ${meters.map(({ id }) => id).join(", ")}`);
}

function format(value, { unit, digits }) {
  return `${value.toFixed(digits)} ${unit}`;
}

function median(numbers) {
  const sorted = numbers.toSorted((one, other) => one - other);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function capitalized(text) {
  return `${text[0].toUpperCase()}${text.slice(1)}`;
}
