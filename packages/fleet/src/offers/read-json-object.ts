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
