// Readings of the meters, and the use between two times.
import { closeSync, fstatSync, openSync, readFileSync, readSync, statSync } from "node:fs";
import path from "node:path";

/** Bytes at the end of the file that are read: four meters, every 15 minutes, for 150 days. Older lines are ignored. */
const MAX_READ_BYTES = 2 * 1024 * 1024;
const MAX_METERS_BYTES = 64 * 1024;

const timePattern = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?$/;
const valuePattern = /^\d{1,12}(?:\.\d{1,6})?$/;

/**
 * The meters of meters.json. Each has a name, a kind, a unit and its number of digits after the point; `irregular` is
 * true for one that uses much on one day and nothing on the next.
 */
export function readMeters() {
  const file = new URL("meters.json", import.meta.url);
  if (statSync(file).size > MAX_METERS_BYTES) throw new Error(`meters.json is larger than ${MAX_METERS_BYTES} bytes`);
  let meters;
  try {
    meters = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new Error(`meters.json cannot be read: ${error.message}`);
  }
  for (const [id, meter] of Object.entries(meters)) {
    const isWhole = ["name", "kind", "unit"].every((key) => typeof meter?.[key] === "string" && meter[key] !== "");
    if (!isWhole || !(meter.digits >= 0 && meter.digits <= 6)) {
      throw new Error(`meters.json: "${id}" needs a name, a kind, a unit and its digits (0 to 6)`);
    }
  }
  return meters;
}

/**
 * Reads the readings of each meter, `{ at, value }`, the oldest first. A line that is not a reading is left out: the
 * gateway may be writing it right now.
 */
export function readReadings() {
  const readings = new Map();
  for (const line of readEnd(path.resolve(import.meta.dirname, process.env.METER_FILE || "data/readings.csv"))) {
    const [time = "", meter = "", value = "", ...rest] = line.split(",").map((field) => field.trim());
    if (rest.length > 0 || !timePattern.test(time) || !valuePattern.test(value)) continue;
    const at = Date.parse(time.replace(" ", "T"));
    if (Number.isNaN(at)) continue;
    if (!readings.has(meter)) readings.set(meter, new Map());
    // Of two readings with the same time, the later line counts.
    readings.get(meter).set(at, Number(value));
  }
  return new Map(
    [...readings].map(([meter, values]) => [
      meter,
      [...values].map(([at, value]) => ({ at, value })).sort((one, other) => one.at - other.at),
    ]),
  );
}

/**
 * Returns the amount that a meter counted between two times in milliseconds, or null without readings there. Between two
 * readings the use is spread evenly. `from` and `to` of the result are the part of the period that has readings.
 */
export function usedBetween(readings, from, to) {
  let used = 0;
  let first = null;
  let last = null;
  let wentBack = false;
  for (const [index, reading] of readings.entries()) {
    const before = readings[index - 1];
    if (before === undefined || reading.at <= from || before.at >= to) continue;
    const begin = Math.max(from, before.at);
    const end = Math.min(to, reading.at);
    first ??= begin;
    last = end;
    // A counter never runs backwards: this is a new meter, or one that was reset.
    if (reading.value < before.value) wentBack = true;
    else used += ((reading.value - before.value) * (end - begin)) / (reading.at - before.at);
  }
  return first === null ? null : { used, from: first, to: last, wentBack };
}

/** Reads the complete lines at the end of a file. A last line without a line break is not complete yet. */
function readEnd(file) {
  let descriptor;
  try {
    descriptor = openSync(file, "r");
  } catch (error) {
    throw new Error(`cannot read ${file}: ${error.code}`);
  }
  try {
    const { size } = fstatSync(descriptor);
    const buffer = Buffer.alloc(Math.min(size, MAX_READ_BYTES));
    const length = readSync(descriptor, buffer, 0, buffer.length, size - buffer.length);
    const lines = buffer.toString("utf8", 0, length).split(/\r?\n/).slice(0, -1);
    // The first line may be cut.
    return size > MAX_READ_BYTES ? lines.slice(1) : lines;
  } finally {
    closeSync(descriptor);
  }
}
