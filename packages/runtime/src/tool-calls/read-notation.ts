import type { KeyedNotation } from "./call-form.js";
import { probe } from "./probe-calls.js";

/** Returns the notation of the probe's arguments in a template, or null where its parts cannot be distinguished. */
export function readNotation(written: string, usual: KeyedNotation): KeyedNotation | null {
  const [first, second] = ["first_key", "second_key"];
  const firstKey = written.indexOf(first);
  const text = written.indexOf(probe.arguments.first_key, firstKey);
  const secondKey = written.indexOf(second, text);
  const number = written.indexOf(String(probe.arguments.second_key), secondKey);
  if (firstKey < 0 || text < 0 || secondKey < 0 || number < 0) return null;
  const middle = written.slice(text + probe.arguments.first_key.length, secondKey);
  const opening = commonEnd(written.slice(0, firstKey), middle);
  const beforeText = written.slice(firstKey + first.length, text);
  const beforeNumber = written.slice(secondKey + second.length, number);
  if (!beforeText.startsWith(beforeNumber)) return null;
  const textMark = beforeText.slice(beforeNumber.length);
  const close = written.slice(number + String(probe.arguments.second_key).length);
  const rest = middle.slice(0, middle.length - opening.length);
  if (!rest.startsWith(textMark + close)) return null;
  return {
    ...usual,
    open: (key) => `${opening}${usual.open(key).includes(key) ? key : JSON.stringify(key)}${beforeNumber}`,
    close,
    separator: rest.slice(textMark.length + close.length),
    textMark: usual.textIs === "raw" ? textMark : usual.textMark,
  };
}

/** Returns the longest common ending. */
function commonEnd(one: string, other: string): string {
  let length = 0;
  while (length < Math.min(one.length, other.length) && one.at(-1 - length) === other.at(-1 - length)) length += 1;
  return one.slice(one.length - length);
}
