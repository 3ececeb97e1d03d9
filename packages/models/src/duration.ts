import { durationFormat } from "./text-formats.js";

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
/** Longest duration: a leap year. */
const MAX_MILLISECONDS = 366 * 86_400_000;

/** Returns the milliseconds of a duration such as `500ms`, `10s`, `5m`, `2h` or `1d`, or null for any other text. */
export function parseDuration(text: string): number | null {
  if (!durationFormat.pattern.test(text)) return null;
  const unit = /[a-z]+$/.exec(text)?.[0] ?? "";
  const milliseconds = Number(text.slice(0, -unit.length)) * (UNITS[unit] ?? Number.NaN);
  return milliseconds <= MAX_MILLISECONDS ? milliseconds : null;
}
