/** Bytes of a segment that are not a record. */
export interface JournalDamage {
  file: string;
  offset: number;
  bytes: number;
  /** File with a copy of them; null where they could not be copied. */
  quarantine: string | null;
}

/** Findings and repairs since a journal was opened. */
export interface JournalReport {
  /** Bytes of an unfinished write at the end; they were cut. */
  torn_bytes: number;
  damage: JournalDamage[];
  /** Turns whose numbers were given out and that no segment has. */
  missing_turns: number;
  /** Acts without a recorded result: they may have happened. */
  unknown_calls: { key: string; name: string }[];
  /** Damage that could not be repaired, one sentence each. */
  notes: string[];
}

/** Most damaged places that a report lists; a file that is damaged throughout would make a list that nobody reads. */
const MAX_REPORTED_DAMAGE = 100;

export function emptyReport(): JournalReport {
  return { torn_bytes: 0, damage: [], missing_turns: 0, unknown_calls: [], notes: [] };
}

/** Adds a damaged place to the report, once. */
export function addDamage({ damage }: JournalReport, found: JournalDamage): void {
  if (damage.length >= MAX_REPORTED_DAMAGE) return;
  if (damage.some(({ file, offset }) => file === found.file && offset === found.offset)) return;
  damage.push(found);
}

/** Puts the report into sentences; none when there are no findings. */
export function describeReport(report: JournalReport): string[] {
  const { torn_bytes, damage, missing_turns, unknown_calls, notes } = report;
  const lines: string[] = [];
  if (torn_bytes > 0) lines.push(`The session ended with ${torn_bytes} bytes of an unfinished write; they were cut.`);
  if (damage.length > 0) {
    const bytes = damage.reduce((sum, found) => sum + found.bytes, 0);
    const kept = damage.find(({ quarantine }) => quarantine !== null)?.quarantine;
    const where = kept ? `, put aside as ${kept}${damage.length > 1 ? " and others" : ""}` : "";
    lines.push(`The session has ${bytes} damaged bytes in ${damage.length} places${where}.`);
  }
  if (missing_turns > 0) lines.push(`${missing_turns} turns of the session are missing.`);
  for (const { name, key } of unknown_calls)
    lines.push(`The tool "${name}" was called before the last end, and it is not known whether it acted (key ${key}).`);
  return [...lines, ...notes];
}
