let last = 0;
let text = "";

/** Returns the time, in UTC, as messages have it: ISO 8601. Messages of the same millisecond share one text. */
export function timestamp(): string {
  const now = Date.now();
  if (now !== last || text === "") text = new Date(now).toISOString();
  last = now;
  return text;
}
