import type { NewEvent } from "../trigger-event.js";

/** Most parts of a path. */
const MAX_PARTS = 32;
const LEVEL = /^\d{1,4}$/;

/**
 * Whether a text is the path of a value of an event: `payload`, `payload.a.b`, `payload.items.0`, `topic`, `topic.1`, or
 * `at`.
 */
export function isValuePath(path: string): boolean {
  const [first, ...rest] = path.split(".");
  if (rest.length >= MAX_PARTS || rest.includes("")) return false;
  if (first === "payload") return true;
  if (first === "topic") return rest.length === 0 || (rest.length === 1 && LEVEL.test(rest[0] ?? ""));
  return first === "at" && rest.length === 0;
}

/**
 * Returns the value at a path of an event, or undefined if it is missing. Levels of a topic and items of a list are
 * counted from 0. `at` is in milliseconds since 1970. Only the event's own values are found, never those of a prototype.
 */
export function valueAt(event: Pick<NewEvent, "at" | "payload" | "topic">, path: string): unknown {
  if (!isValuePath(path)) return undefined;
  const [first, ...rest] = path.split(".");
  if (first === "at") return event.at;
  if (first === "topic") return rest[0] === undefined ? event.topic : event.topic?.split("/")[Number(rest[0])];
  let value = event.payload;
  for (const part of rest) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, part)) return undefined;
    if (Array.isArray(value) && !LEVEL.test(part)) return undefined;
    value = (value as Record<string, unknown>)[part];
  }
  return value;
}
