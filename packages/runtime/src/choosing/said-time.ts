/** Examples: `7:30`, `19.45`, `7:30 pm`, `7h30`, `um 7 Uhr`, `at 6 am`. */
const clock = /(?<![\d.,])(\d{1,2})(?:[:.h](\d{2}))?\s*(a\.?m\.?|p\.?m\.?|uhr|o'clock|heures?|h\b)?/giu;
const before = /(?:\bat|\bby|\bum|\bà|\ba las|\balle|\bfor|\bgegen|\bvers)\s*$/iu;

/** Returns the time of day in a message as HH:MM, or null where there is none or more than one. */
export function readTime(message: string): string | null {
  const times = new Set<string>();
  for (const match of message.matchAll(clock)) {
    const [, hours = "", minutes, mark = ""] = match;
    const isSure = minutes !== undefined || mark !== "" || before.test(message.slice(0, match.index));
    if (!isSure) continue;
    const half = mark.toLowerCase().replaceAll(".", "");
    let hour = Number(hours);
    if (half === "pm" && hour < 12) hour += 12;
    if (half === "am" && hour === 12) hour = 0;
    if (hour > 23 || Number(minutes ?? 0) > 59) continue;
    times.add(`${String(hour).padStart(2, "0")}:${minutes ?? "00"}`);
  }
  const [time] = times;
  return times.size === 1 && time !== undefined ? time : null;
}
