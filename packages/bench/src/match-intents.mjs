// Child process: `node match-intents.mjs FOLDER TEMPLATES` loads this number of sentence templates over a list of 50
// values, with the runtime that is installed in FOLDER. It prints the cost of loading, and of messages that match a
// template, that match none, and that are written to come close to as many as possible.
import { importFromFolder } from "./import-from-folder.mjs";
import { median } from "./summarize-samples.mjs";

const TEMPLATES = Number(process.argv[3] ?? 1000);
const VALUES = 50;
const MESSAGES = 5000;

/** Longest message that intents are matched with, in characters. */
const LONGEST_MESSAGE = 2000;

/**
 * @typedef {object} IntentsResult
 * @property {number} loadMilliseconds
 * @property {number} loadCpuMilliseconds
 * @property {number} heldBytes V8 heap of the templates after a full collection
 * @property {number} hitMicroseconds
 * @property {number} missMicroseconds
 * @property {number} hostileMicroseconds time of a message of 2,000 characters with the words of many sentences
 */

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
const { collectGarbage } = await import("./collect-garbage.mjs");
const before = collectGarbage();
const cpu = process.cpuUsage();
const begin = performance.now();
const matcher = IntentMatcher.compile(settings);
const loadMilliseconds = performance.now() - begin;
const { user, system } = process.cpuUsage(cpu);
const loadCpuMilliseconds = (user + system) / 1000;
const heldBytes = collectGarbage() - before;

const hits = messages((device, zone) => `Please switch on the ${letters(device)} device in ${zone} for 10 minutes`);
const misses = messages((device, zone) => `What would the ${letters(device)} device in ${zone} cost me per minute?`);
const hostile = messages((device) => {
  let message = "please turn on the device in zone for 10 minutes";
  for (let next = device; message.length < LONGEST_MESSAGE - 40; next++) message += ` ${letters(next % TEMPLATES)}`;
  return message;
}).slice(0, 200);
// A first pass that is not measured, so that V8 has compiled the code.
time(hits, true);
time(misses, false);
/** @type {IntentsResult} */
const result = {
  loadMilliseconds,
  loadCpuMilliseconds,
  heldBytes,
  hitMicroseconds: time(hits, true),
  missMicroseconds: time(misses, false),
  hostileMicroseconds: time(hostile, false),
};
process.stdout.write(JSON.stringify(result));

/** Returns a unique word for a number. @param {number} number @returns {string} */
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
    if ((match !== null) !== isHit) throw new Error(`"${message}" ${isHit ? "does not match" : "matches"} an intent`);
    return microseconds;
  });
  return median(samples);
}
