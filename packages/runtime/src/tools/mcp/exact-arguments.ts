import { mapNumbers } from "../../json/exact-json.js";

/** Unique prefix of a text that represents a number. */
const mark = crypto.randomUUID();
const marked = new RegExp(`"${mark}(-?[\\d.]+(?:[eE][-+]?\\d+)?)"`, "g");

/** Replaces numbers that JavaScript would change by texts that only {@link restoreNumbers} recognizes. */
export function markNumbers(input: object): object {
  return mapNumbers(input, ({ text }) => mark + text) as object;
}

/** Returns the JSON text of a message with the numbers as they were written. */
export function restoreNumbers(json: string): string {
  return json.replace(marked, "$1");
}
