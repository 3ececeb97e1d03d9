let last = 0;
let text = "";

/** Returns the current UTC time in ISO 8601, as in messages. Messages of the same millisecond share one string. */
export function timestamp(): string {
  const now = Date.now();
  if (now !== last || text === "") text = new Date(now).toISOString();
  last = now;
  return text;
}
