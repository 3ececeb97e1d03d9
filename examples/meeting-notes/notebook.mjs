// The notebook: state/notes.jsonl, one entry in each line. Lines are only ever added.
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, statSync, writeSync } from "node:fs";
import path from "node:path";

/** Largest notebook: thousands of notes. To begin a new one, move the file away. */
const MAX_FILE_BYTES = 1024 * 1024;

const folder = path.join(import.meta.dirname, "state");

export function stateFile(name) {
  mkdirSync(folder, { recursive: true });
  return path.join(folder, name);
}

/**
 * Adds the entry that `makeEntry` returns, and returns it; null adds nothing. NANOAGENT_IDEMPOTENCY_KEY is the key of
 * this call: if the notebook has an entry with the same key, the call is a repetition, and that entry is returned
 * instead.
 */
export function appendEntry(makeEntry) {
  const key = process.env.NANOAGENT_IDEMPOTENCY_KEY || crypto.randomUUID();
  const file = stateFile("notes.jsonl");
  const text = readFile(file);
  const known = entriesOf(text).find((earlier) => earlier.key === key);
  if (known !== undefined) return known;
  const entry = makeEntry();
  if (entry === null) return null;
  const added = { ...entry, key };
  // This ends a line that a power cut left unfinished.
  const separator = text === "" || text.endsWith("\n") ? "" : "\n";
  const descriptor = openSync(file, "a");
  try {
    writeSync(descriptor, `${separator}${JSON.stringify(added)}\n`);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  return added;
}

/** Reads the latest meeting: its title, start time, and entries that were not removed. */
export function readMeeting() {
  const all = entriesOf(readFile(stateFile("notes.jsonl")));
  const from = all.findLastIndex(({ kind }) => kind === "meeting");
  const meeting = from < 0 ? undefined : all[from];
  const rest = all.slice(from + 1);
  const removed = new Set(rest.map(({ removes }) => removes));
  return {
    title: meeting?.text ?? "Meeting",
    begun: (meeting ?? rest[0])?.at ?? "",
    entries: rest.filter(({ kind, key }) => kind !== "removal" && !removed.has(key)),
  };
}

function readFile(file) {
  if (!existsSync(file)) return "";
  if (statSync(file).size > MAX_FILE_BYTES) {
    throw new Error(`the notebook is full (${MAX_FILE_BYTES} bytes): move state/notes.jsonl away to begin a new one`);
  }
  return readFileSync(file, "utf8");
}

/** A damaged line is left out. */
function entriesOf(text) {
  return text.split("\n").flatMap((line) => {
    try {
      const entry = JSON.parse(line);
      return typeof entry?.kind === "string" && typeof entry.text === "string" ? [entry] : [];
    } catch {
      return [];
    }
  });
}
