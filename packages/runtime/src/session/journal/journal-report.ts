/** Bytes of a segment that are not a record. */
export interface JournalDamage {
  file: string;
  offset: number;
  bytes: number;
  /** File with a copy of them, or null if they could not be copied. */
  quarantine: string | null;
}

/** Acknowledged turns that are in no segment, from the first to the last. */
export interface MissingTurns {
  first_turn: number;
  last_turn: number;
}

/** Findings and repairs since a journal was opened. */
export interface JournalReport {
  /** Bytes of an unfinished write at the end. They are ignored, and cut off when the session is opened. */
  torn_bytes: number;
  /** Empty files. A program ended before it wrote to them, or their content is lost. */
  empty_files: string[];
  /** Valid records that this version does not understand. They are kept unchanged. */
  unknown_records: number;
  damage: JournalDamage[];
  /** Number of turns that were counted but are in no segment. */
  missing_turns: number;
  /** The numbers of these turns. */
  missing: MissingTurns[];
  /** Acts without a recorded result: they may have happened. */
  unknown_calls: { key: string; name: string }[];
  /** The session's folder if all users of the machine can write to it, otherwise null. */
  exposed_folder: string | null;
  /** Notices about damage that could not be repaired, and about removed files. One sentence per item. */
  notes: string[];
}

/** Most damaged places that a report lists. A file with damage throughout would make it unreadable. */
const MAX_REPORTED_DAMAGE = 100;

export function emptyReport(): JournalReport {
  return {
    torn_bytes: 0,
    empty_files: [],
    unknown_records: 0,
    damage: [],
    missing_turns: 0,
    missing: [],
    unknown_calls: [],
    exposed_folder: null,
    notes: [],
  };
}

/** Adds a damaged place to the report, unless it is already listed. */
export function addDamage({ damage }: JournalReport, found: JournalDamage): void {
  if (damage.length >= MAX_REPORTED_DAMAGE) return;
  if (damage.some(({ file, offset }) => file === found.file && offset === found.offset)) return;
  damage.push(found);
}

/** Adds missing turns to the report, without duplicates. */
export function addMissing(report: JournalReport, found: MissingTurns): void {
  const all = [...report.missing, found].sort((one, other) => one.first_turn - other.first_turn);
  const joined: MissingTurns[] = [];
  for (const { first_turn, last_turn } of all) {
    const before = joined.at(-1);
    if (before === undefined || first_turn > before.last_turn + 1) joined.push({ first_turn, last_turn });
    else before.last_turn = Math.max(before.last_turn, last_turn);
  }
  report.missing = joined.slice(0, MAX_REPORTED_DAMAGE);
  report.missing_turns = joined.reduce((sum, range) => sum + range.last_turn - range.first_turn + 1, 0);
}

/** Returns the report as sentences, or an empty list if there are no findings. */
export function describeReport(report: JournalReport): string[] {
  const { torn_bytes, empty_files, unknown_records, damage, missing_turns, missing, unknown_calls, notes } = report;
  const lines: string[] = [];
  if (report.exposed_folder !== null) {
    lines.push(
      `Every user of this machine can change the session in ${report.exposed_folder}. Revoke this with chmod o-w.`,
    );
  }
  if (torn_bytes > 0) lines.push(`Ignored ${torn_bytes} bytes of an unfinished write at the end of the session.`);
  for (const file of empty_files) lines.push(`${file} is empty: its first write failed, or its turns are lost.`);
  if (unknown_records > 0) {
    const records = unknown_records === 1 ? "1 record" : `${unknown_records} records`;
    lines.push(`Ignored ${records} from another nanoagent version. They are kept; use that version to see them.`);
  }
  if (damage.length > 0) {
    const bytes = damage.reduce((sum, found) => sum + found.bytes, 0);
    const kept = damage.find(({ quarantine }) => quarantine !== null)?.quarantine;
    const where = kept ? `, copied to ${kept}${damage.length > 1 ? " and others" : ""}` : "";
    lines.push(`The session has ${bytes} damaged bytes in ${damage.length} places${where}.`);
  }
  if (missing_turns > 0) lines.push(describeMissing(missing_turns, missing));
  for (const { name, key } of unknown_calls)
    lines.push(`The tool "${name}" did not finish in the last run. It is unknown whether it acted (key ${key}).`);
  return [...lines, ...notes];
}

/** Returns the notice about a session file that another program removed or changed while the session was open. */
export function describeTakenAway(file: string): string {
  const change = `${file} was removed, replaced or changed while the session was open.`;
  return `${change} Its turns may be lost; new turns go to a new file. Keep other programs out of this folder.`;
}

function describeMissing(count: number, missing: readonly MissingTurns[]): string {
  const [first] = missing;
  const numbers =
    first === undefined || first.first_turn === first.last_turn
      ? `${first?.first_turn}`
      : `${first.first_turn} to ${first.last_turn}`;
  const where = `${numbers}${missing.length > 1 ? " and others" : ""}`;
  return `${count} turn${count === 1 ? "" : "s"} of the session ${count === 1 ? "is" : "are"} missing (${where}): a file of the session is damaged or gone.`;
}
