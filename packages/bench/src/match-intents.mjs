// A child of the bench: `node match-intents.mjs FOLDER` loads a thousand sentence templates over a list of fifty values
// with what is installed in FOLDER, and prints what that took, and what a message takes that one of them answers or none.
import { importFromFolder } from "./import-from-folder.mjs";
import { median } from "./summarize-samples.mjs";

const TEMPLATES = 1000;
const VALUES = 50;
const MESSAGES = 5000;

/** @typedef {{ loadMilliseconds: number, hitMicroseconds: number, missMicroseconds: number }} IntentsResult */

const zones = Array.from({ length: VALUES }, (_, index) => `zone ${letters(index)}`);
const definitions = Array.from({ length: TEMPLATES }, (_, index) => ({
  name: `device-${index}`,
  sentences: [
    `[please] (turn|switch) (on|off) the ${letters(index)} device [that is] in {zone} [for {minutes} minutes]`,
  ],
  answer: `Device ${index} in {zone}.`,
}));
const settings = { slots: { zone: zones, minutes: { from: 1, to: 120 } }, definitions };

const { IntentMatcher } = await (await importFromFolder(process.argv[2] ?? ""))("@nanoagent/runtime/node");
const begin = performance.now();
const matcher = IntentMatcher.compile(settings);
const loadMilliseconds = performance.now() - begin;

const hits = messages((device, zone) => `Please switch on the ${letters(device)} device in ${zone} for 10 minutes`);
const misses = messages((device, zone) => `What would the ${letters(device)} device in ${zone} cost me per minute?`);
// Once without a clock, so that V8 has compiled what is measured.
time(hits, true);
time(misses, false);
/** @type {IntentsResult} */
const result = { loadMilliseconds, hitMicroseconds: time(hits, true), missMicroseconds: time(misses, false) };
process.stdout.write(JSON.stringify(result));

/** A word of its own for each number. @param {number} number @returns {string} */
function letters(number) {
  return [...String(number)].map((digit) => `${"bcdfghjklm"[Number(digit)]}${"aeiou"[Number(digit) % 5]}`).join("");
}

/** @param {(device: number, zone: string) => string} write */
function messages(write) {
  return Array.from({ length: MESSAGES }, (_, index) =>
    write((index * 7919) % TEMPLATES, zones[(index * 31) % VALUES] ?? ""),
  );
}

/** @param {readonly string[]} messages @param {boolean} isHit @returns {number} */
function time(messages, isHit) {
  const samples = messages.map((message) => {
    const begin = performance.now();
    const match = matcher.match(message);
    const microseconds = (performance.now() - begin) * 1000;
    if ((match !== null) !== isHit) throw new Error(`"${message}" is ${isHit ? "not " : ""}an intent`);
    return microseconds;
  });
  return median(samples);
}
