/** Bytes of a segment that are not a record. */
export interface JournalDamage {
  file: string;
  offset: number;
  bytes: number;
  /** File with a copy of them; null where they could not be copied. */
  quarantine: string | null;
}

/** Turns that were acknowledged and that no segment has, from the first to the last. */
export interface MissingTurns {
  first_turn: number;
  last_turn: number;
}

/** Findings and repairs since a journal was opened. */
export interface JournalReport {
  /** Bytes of an unfinished write at the end; they are left out, and cut when the session is opened. */
  torn_bytes: number;
  /** Files without a byte: a program ended before it wrote to them, or their content is lost. */
  empty_files: string[];
  /** Whole records that this version does not understand; they are kept as they are. */
  unknown_records: number;
  damage: JournalDamage[];
  /** Turns whose numbers were given out and that no segment has. */
  missing_turns: number;
  /** The same turns by their numbers. */
  missing: MissingTurns[];
  /** Acts without a recorded result: they may have happened. */
  unknown_calls: { key: string; name: string }[];
  /** The session's folder where everyone on the machine may write to it; otherwise null. */
  exposed_folder: string | null;
  /** Damage that could not be repaired, and files that were taken away: one sentence each. */
  notes: string[];
}

/** Most damaged places that a report lists; a file that is damaged throughout would make a list that nobody reads. */
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

/** Adds a damaged place to the report, once. */
export function addDamage({ damage }: JournalReport, found: JournalDamage): void {
  if (damage.length >= MAX_REPORTED_DAMAGE) return;
  if (damage.some(({ file, offset }) => file === found.file && offset === found.offset)) return;
  damage.push(found);
}

/** Adds missing turns to the report, each turn once. */
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

/** Puts the report into sentences; none when there are no findings. */
export function describeReport(report: JournalReport): string[] {
  const { torn_bytes, empty_files, unknown_records, damage, missing_turns, missing, unknown_calls, notes } = report;
  const lines: string[] = [];
  if (report.exposed_folder !== null) {
    lines.push(
      `Everyone on this machine may write to ${report.exposed_folder} and so change the session. Take that right away with chmod o-w.`,
    );
  }
  if (torn_bytes > 0)
    lines.push(`The session ended with ${torn_bytes} bytes of an unfinished write; they are left out.`);
  for (const file of empty_files) lines.push(`${file} is empty: a write to it never ended, or its turns are lost.`);
  if (unknown_records > 0) {
    const records = unknown_records === 1 ? "1 record" : `${unknown_records} records`;
    lines.push(
      `This version of nanoagent does not understand ${records} of the session that another version wrote. The file keeps them unchanged, without effect here. Open the session with the version that wrote them to see them.`,
    );
  }
  if (damage.length > 0) {
    const bytes = damage.reduce((sum, found) => sum + found.bytes, 0);
    const kept = damage.find(({ quarantine }) => quarantine !== null)?.quarantine;
    const where = kept ? `, put aside as ${kept}${damage.length > 1 ? " and others" : ""}` : "";
    lines.push(`The session has ${bytes} damaged bytes in ${damage.length} places${where}.`);
  }
  if (missing_turns > 0) lines.push(describeMissing(missing_turns, missing));
  for (const { name, key } of unknown_calls)
    lines.push(`The tool "${name}" was called before the last end, and it is not known whether it acted (key ${key}).`);
  return [...lines, ...notes];
}

/** The sentence about a file of the session that another program removed or changed while the session was open. */
export function describeTakenAway(file: string): string {
  return `${file} was removed, replaced or changed while the session was open. The turns in it may be lost; new turns are kept in a new file. Let no other program tidy up in this folder.`;
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
