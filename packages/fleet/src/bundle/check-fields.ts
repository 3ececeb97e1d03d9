import { cutText } from "@nanoagent/models";
import { malformed } from "./malformed.js";

/** Longest part of a hostile text in a message. */
const SHOWN_CHARACTERS = 80;
/** Control characters, separators of lines, and halves of characters. */
export const UNPRINTABLE = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u;

/** Returns a value of JSON as a message shows it. */
export function shown(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  // A hostile value nests deeper than the stack.
  if (typeof value === "object" && value !== null) return "an object";
  return typeof value === "string" ? JSON.stringify(cutText(value, SHOWN_CHARACTERS)) : String(value);
}

/** Returns an object that has no keys but these. `place` names it: `its manifest`, `file 3`. */
export function checkObject(value: unknown, keys: readonly string[], place: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw malformed(`${asStart(place)} is not an object.`);
  }
  const unknown = Object.keys(value).find((key) => !keys.includes(key));
  if (unknown !== undefined) throw malformed(`${asStart(place)} has the unknown key ${shown(unknown)}.`);
  return value as Record<string, unknown>;
}

export function checkArray(value: unknown, most: number, place: string): readonly unknown[] {
  if (!Array.isArray(value)) throw malformed(`${asStart(place)} is not a list.`);
  if (value.length > most) throw malformed(`${asStart(place)} has ${value.length} entries; ${most} are allowed.`);
  return value;
}

/** Returns a text of 1 to `most` characters that can be printed in one line. */
export function checkText(value: unknown, most: number, place: string): string {
  if (typeof value !== "string") throw malformed(`${asStart(place)} is not a text.`);
  if (value.trim() === "") throw malformed(`${asStart(place)} is empty.`);
  if (value.length > most) throw malformed(`${asStart(place)} has more than ${most} characters.`);
  if (UNPRINTABLE.test(value)) throw malformed(`${asStart(place)} contains control characters: ${shown(value)}.`);
  return value;
}

/** Returns an integer from `least` to the largest that numbers of JSON can express exactly. */
export function checkInteger(value: unknown, least: 0 | 1, place: string): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < least || Object.is(value, -0)) {
    throw malformed(
      `${asStart(place)} is ${shown(value)}, not ${least === 0 ? "a size in bytes" : "a positive integer"}.`,
    );
  }
  return value;
}

export function checkSha256(value: unknown, place: string): string {
  if (typeof value !== "string" || !/^[0-9a-f]{64}$/.test(value)) {
    throw malformed(`${asStart(place)} is not 64 hexadecimal digits in lower case.`);
  }
  return value;
}

function asStart(place: string): string {
  return place.charAt(0).toUpperCase() + place.slice(1);
}
