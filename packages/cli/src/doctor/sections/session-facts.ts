import { lstat, opendir } from "node:fs/promises";
import path from "node:path";
import { addDamage, addMissing, describeReport, emptyReport, findSession, readSession } from "@nanoagent/runtime/node";
import type { ExaminedConfig } from "../examined-config.js";
import { readJournalFormat } from "../file-format.js";
import type { PartFacts } from "../report-section.js";

/** Most folders in the session's folder that are read, and most that are counted. */
const MAX_FOLDERS = 128;
const MAX_COUNTED = 100_000;
const MAX_FILES = 2000;
/** Most findings of one session. */
const MAX_FINDINGS = 20;

/** Gathers sizes, counts, formats and damage of the saved conversations. No texts, and no names of conversations. */
export async function gatherSessions(examined: ExaminedConfig, signal: AbortSignal): Promise<PartFacts> {
  const dir = await examined.sessionFolder();
  if (dir === null) return { summary: await describeAbsence(examined), data: { folder: null } };
  const names = await listConversations(dir);
  if (names === null) return { summary: "none saved yet", data: { folder: dir, exists: false } };
  const sessions = [];
  let foldersRead = 0;
  for (const [index, name] of ["", ...names.slice(0, MAX_FOLDERS)].entries()) {
    if (signal.aborted) break;
    const session = await describeSession(path.join(dir, name), index, signal);
    if (session !== null) sessions.push(session);
    foldersRead = index;
  }
  const turns = sessions.reduce((sum, session) => sum + session.turns, 0);
  const damaged = sessions.filter(({ findings }) => findings.length > 0).length;
  const all = `${names.length === MAX_COUNTED ? "more than " : ""}${names.length.toLocaleString("en-US")}`;
  const saved = foldersRead < names.length ? `${foldersRead} of ${all} read` : `${sessions.length} saved`;
  const summary = `${saved}, ${turns} ${turns === 1 ? "turn" : "turns"}${damaged === 0 ? "" : `, ${damaged} with damage`} (no texts)`;
  const counts = { folders: names.length, folders_read: foldersRead };
  return { summary, data: { folder: dir, exists: true, ...counts, sessions } };
}

/** A config that cannot be read or parsed may name a folder. */
async function describeAbsence(examined: ExaminedConfig): Promise<string> {
  const isParsed = await examined.written().then(
    () => true,
    () => false,
  );
  const isAbsent = !examined.isNamed && (await examined.text()) === "";
  return isParsed || isAbsent ? "none configured" : "not known: the config cannot be read";
}

/** Returns the names of the folders for conversations in the order of their numbers, at most 100,000; null without a folder. */
export async function listConversations(dir: string): Promise<string[] | null> {
  const names: string[] = [];
  try {
    for await (const entry of await opendir(dir)) {
      if (entry.isDirectory() && entry.name !== "quarantine") names.push(entry.name);
      if (names.length === MAX_COUNTED) break;
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
  return names.sort();
}

/** Returns null for a folder without a session. The name of a folder may be one that a client chose, so it is a number. */
async function describeSession(folder: string, index: number, signal: AbortSignal) {
  const found = await findSession(folder).catch(() => null);
  if (found === null) return null;
  const report = emptyReport();
  let isComplete = true;
  try {
    for await (const _ of readSession(folder, {
      onDamage: ({ path: file }, offset, bytes) =>
        addDamage(report, { file: path.basename(file), offset, bytes, quarantine: null }),
      onTorn: (_segment, bytes) => {
        report.torn_bytes += bytes;
      },
      onUnknown: () => {
        report.unknown_records += 1;
      },
      onMissing: (missing) => addMissing(report, missing),
    })) {
      // Only the findings matter.
      if (!signal.aborted) continue;
      isComplete = false;
      break;
    }
  } catch (error) {
    report.notes.push(error instanceof Error ? error.message : String(error));
  }
  const { turns, messages, segments, bytes, last_at } = found;
  return {
    name: index === 0 ? "the session in the folder itself" : `conversation ${index}`,
    format: await readJournalFormat(folder),
    turns,
    messages,
    segments,
    bytes,
    last_at,
    files_in_quarantine: await countFiles(path.join(folder, "quarantine")),
    saved_engine_state_bytes: await sizeOf(path.join(folder, "engine-state.kv")),
    was_read_completely: isComplete,
    findings: describeReport(report).slice(0, MAX_FINDINGS),
  };
}

async function countFiles(folder: string): Promise<number> {
  let count = 0;
  try {
    for await (const _ of await opendir(folder)) {
      count += 1;
      if (count === MAX_FILES) break;
    }
  } catch {
    // A session without damage has no such folder.
  }
  return count;
}

async function sizeOf(file: string): Promise<number | null> {
  return lstat(file).then(
    ({ size }) => size,
    () => null,
  );
}
