/** Characters that JSON may contain, and at which some clients end a line. */
const LINE_ENDS = /[\u0085\u2028\u2029]/g;

/** Returns a value as JSON that is one line for every client. */
export function lineJson(value: unknown): string {
  return JSON.stringify(value).replace(LINE_ENDS, escaped);
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
