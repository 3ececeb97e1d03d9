/** Returns the object in a message, or null: too large, not UTF-8, not JSON, or another value than an object. */
export function readJsonObject(payload: Uint8Array, maxBytes: number): Record<string, unknown> | null {
  if (payload.length > maxBytes) return null;
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(payload));
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}

/** Whether a value is the SHA-256 of something, as 64 hexadecimal digits in lower case. */
export function isSha256(value: unknown): value is string {
  return typeof value === "string" && /^[0-9a-f]{64}$/.test(value);
}

/** Whether a value can be the sequence of a bundle. */
export function isSequence(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 1;
}
