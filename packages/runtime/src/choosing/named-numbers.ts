import { splitWords } from "../split-words.js";
import { spokenLanguage } from "./spoken-language.js";
import { waysToSay } from "./spoken-values.js";
import { type ArgumentProperty, isSameWord } from "./stated-arguments.js";

/** Examples: `0 is off`, `100 = fully open`, `0 closes them`. */
const naming =
  /(-?\d+(?:\.\d+)?)\s*(?:%|percent)?\s*(?:is|are|means|=|:)?\s*(?:fully|completely|all the way)?\s*(\p{L}+)/giu;
/** Verbs and adjectives in descriptions, by the state that they mean for a number. */
const states: Record<string, string> = {
  closes: "closed",
  shuts: "closed",
  opens: "open",
  stops: "stop",
  turns: "off",
  dark: "off",
  silent: "off",
};

/** Returns the number that a tool's description assigns to a name in the message, or null. */
export function namedNumber(property: ArgumentProperty, description: string, message: string): number | null {
  const words = splitWords(message).map(({ text }) => text);
  const language = spokenLanguage(message);
  for (const [, digits = "", name = ""] of `${property.about}. ${description}`.matchAll(naming)) {
    const value = Number(digits);
    const { minimum, maximum } = property;
    if ((minimum !== null && value < minimum) || (maximum !== null && value > maximum)) continue;
    const state = states[name.toLowerCase()] ?? name.toLowerCase();
    if (/^(?:to|and|or|degrees?|percent|minutes?|seconds?|hours?|the|celsius|c)$/.test(state)) continue;
    const ways = waysToSay(state, language).map((way) => splitWords(way)[0]?.text ?? "");
    if (words.some((word) => ways.some((way) => way !== "" && isSameWord(word, way)))) return value;
  }
  return null;
}
