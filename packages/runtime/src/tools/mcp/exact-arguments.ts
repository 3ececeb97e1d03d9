import { mapNumbers } from "../../json/exact-json.js";

/** Begins a text that stands for a number; nobody could have written it. */
const mark = crypto.randomUUID();
const marked = new RegExp(`"${mark}(-?[\\d.]+(?:[eE][-+]?\\d+)?)"`, "g");

/** Arguments that JSON of this language can carry: a number that it would change is a text that only {@link restoreNumbers} knows. */
export function markNumbers(input: object): object {
  return mapNumbers(input, ({ text }) => mark + text) as object;
}

/** The JSON text of a message, with the numbers as they were written. */
export function restoreNumbers(json: string): string {
  return json.replace(marked, "$1");
}
