import { createHash } from "node:crypto";

/** Characters of the part of a key that differs between the acts of a message. */
const DIGEST_CHARACTERS = 16;

/** Returns the idempotency key of the act of an event: its tool, or its sentence or message as a whole. */
export function actKey(event: string): string {
  return `${event}.do`;
}

/**
 * Returns the idempotency key of a call within a sentence or a message. The same tool with the same arguments has the
 * same key, however often the message is answered. Numbers and their texts are the same argument, because models mix
 * them up.
 */
export function callKey(event: string, { name, arguments: given }: { name: string; arguments: unknown }): string {
  const digest = createHash("sha256")
    .update(JSON.stringify([name, inOneForm(asData(given))]))
    .digest("hex");
  return `${event}.${digest.slice(0, DIGEST_CHARACTERS)}`;
}

/** Engines pass parsed arguments or their text. */
function asData(given: unknown): unknown {
  if (typeof given !== "string") return given ?? {};
  try {
    return JSON.parse(given);
  } catch {
    return given;
  }
}

function inOneForm(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOneForm);
  if (typeof value !== "object" || value === null) return String(value).trim();
  return Object.entries(value)
    .map(([name, item]) => [name, inOneForm(item)] as const)
    .sort(([one], [other]) => (one < other ? -1 : 1));
}
