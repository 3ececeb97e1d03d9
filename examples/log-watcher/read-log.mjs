// Reads the end of a log file. Lines are those of `journalctl -o short-iso` or of a classic /var/log/syslog.
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import path from "node:path";

/** Bytes at the end of the file that are read, so that large files are fast and use little memory. */
const MAX_READ_BYTES = 4 * 1024 * 1024;

const errorWords = /\b(?:error|errors|fail|failed|failure|fatal|critical|panic|denied|refused|segfault)\b/i;
/** Words that say that there was no error. */
const noErrorWords = /\b(?:no|0|without) (?:error|errors|failure|failures)\b/i;
const isoLine =
  /^(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?) \S+ ([^\s:[]+)(?:\[\d+\])?: (.*)$/;
const syslogLine = /^([A-Z][a-z]{2}) +(\d{1,2}) (\d\d:\d\d:\d\d) \S+ ([^\s:[]+)(?:\[\d+\])?: (.*)$/;
const months = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

/** Reads the entries of the log, the oldest first. Lines in another format are left out. */
export function readEntries(now) {
  return readEnd(logFile()).flatMap((text) => {
    const entry = readLine(text, now);
    return entry === null ? [] : [entry];
  });
}

function readLine(text, now) {
  const iso = isoLine.exec(text);
  if (iso !== null) {
    const [, time, program, message] = iso;
    return entryOf(new Date(time.replace(",", ".").replace(" ", "T")), program, message, text);
  }
  const classic = syslogLine.exec(text);
  if (classic === null) return null;
  const [, month, day, time, program, message] = classic;
  const [hours, minutes, seconds] = time.split(":").map(Number);
  const dateIn = (year) => new Date(year, months.indexOf(month), Number(day), hours, minutes, seconds);
  // Syslog has no year. An entry in the future is from last year.
  const at = dateIn(now.getFullYear());
  return entryOf(at - now > 86_400_000 ? dateIn(now.getFullYear() - 1) : at, program, message, text);
}

function entryOf(at, program, message, text) {
  if (Number.isNaN(at.getTime())) return null;
  const isError = errorWords.test(message) && !noErrorWords.test(message);
  return { at, program, message, text, isError };
}

/** Reads the complete lines at the end of a file. */
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
    const lines = buffer.toString("utf8", 0, length).split(/\r?\n/);
    // The first line may be cut.
    return size > MAX_READ_BYTES ? lines.slice(1) : lines;
  } finally {
    closeSync(descriptor);
  }
}

function logFile() {
  return path.resolve(import.meta.dirname, process.env.LOG_FILE || "data/journal.txt");
}
