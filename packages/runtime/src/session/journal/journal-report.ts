/** Bytes of a segment that were no record. */
export interface JournalDamage {
  file: string;
  offset: number;
  bytes: number;
  /** Where they were put aside; null where they could not be. */
  quarantine: string | null;
}

/** What was found, and done about it, since a journal was opened. */
export interface JournalReport {
  /** Bytes at the end that a write had left unfinished, and that were cut. */
  torn_bytes: number;
  damage: JournalDamage[];
  /** Turns whose numbers are not there. */
  missing_turns: number;
  /** World-changing calls that were begun and of which no result is known. */
  unknown_calls: { key: string; name: string }[];
  /** What could not be done about it, one sentence each. */
  notes: string[];
}

/** More findings than this are only counted: a file that is wrong throughout is no list for anybody. */
export const MAX_REPORTED_DAMAGE = 100;

export function emptyReport(): JournalReport {
  return { torn_bytes: 0, damage: [], missing_turns: 0, unknown_calls: [], notes: [] };
}

/** The report in sentences; none when nothing was wrong. */
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
