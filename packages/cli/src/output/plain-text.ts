/**
 * C0 and C1 controls, DEL, and the marks that turn the direction of text around: all that could steer a terminal or
 * make a text look like another. Line feed and tab stay.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it is for
const steering = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** A text from anywhere, made safe for a terminal: what would steer it is written out as `\u001b`, as JSON writes it. */
export function plainText(text: string): string {
  return text.replace(steering, writeOut);
}

/** The same for what must stay one line, such as a name. */
export function plainLine(text: string): string {
  return plainText(text).replace(/[\n\t]/g, writeOut);
}

function writeOut(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
