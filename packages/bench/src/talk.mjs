// Child process: `node talk.mjs turns|session NAME FOLDER` talks to one contender, whose packages are installed in
// FOLDER, and prints the result as a line of JSON.
import { contenders } from "./contenders.mjs";
import { importFromFolder } from "./import-from-folder.mjs";
import { peakMemoryBytes } from "./peak-memory.mjs";
import { slowdown } from "./slowdown.mjs";
import { median } from "./summarize-samples.mjs";
import { SESSION_SECONDS, SESSION_TURNS } from "./talk-limits.mjs";

const WARM_UP_TURNS = 500;
const MEASURED_TURNS = 5_000;
/** Time limit for the turns. A slow contender is measured over fewer turns. */
const TURNS_SECONDS = 4;

/** @typedef {{ medianMicroseconds: number, turns: number }} TurnsResult */

/**
 * @typedef {object} SessionResult
 * @property {number} seconds
 * @property {number} turns turns within the time limit
 * @property {number} lastMicroseconds time of a turn at the end
 * @property {number} slowdown see {@link measureSlowdown}
 * @property {number} memoryBeforeBytes
 * @property {number} memoryAfterBytes
 * @property {number} peakMemoryBytes
 * @property {import("./contenders/contender.mjs").Held | null} held
 */

const [mode, name = "", folder = ""] = process.argv.slice(2);
const contender = contenders[name];
if (contender === undefined) throw new TypeError(`Unknown contender "${name}"`);
const importPackage = contender.imports.length === 0 ? async () => ({}) : await importFromFolder(folder);
const result = mode === "session" ? await holdSession(contender) : await takeTurns(contender);
process.stdout.write(`${JSON.stringify(result)}\n`, () => {
  // Does not wait for anything that a library left running.
  process.exit();
});

/** @param {import("./contenders/contender.mjs").Contender} contender @returns {Promise<TurnsResult>} */
async function takeTurns(contender) {
  const talk = await contender.openTurns(importPackage);
  await timeTurns(talk, WARM_UP_TURNS, TURNS_SECONDS);
  const turns = await timeTurns(talk, MEASURED_TURNS, TURNS_SECONDS);
  return { medianMicroseconds: median(turns), turns: turns.length };
}

/** @param {import("./contenders/contender.mjs").Contender} contender @returns {Promise<SessionResult>} */
async function holdSession(contender) {
  const talk = await openSession(contender);
  const memoryBeforeBytes = process.memoryUsage.rss();
  const begin = performance.now();
  const turns = await timeTurns(talk, SESSION_TURNS, SESSION_SECONDS);
  const seconds = (performance.now() - begin) / 1000;
  const memoryAfterBytes = process.memoryUsage.rss();
  // The kernel updates its count of the peak only now and then.
  const peakBytes = Math.max(peakMemoryBytes(), memoryAfterBytes);
  const held = talk.held?.() ?? null;
  return {
    seconds,
    turns: turns.length,
    lastMicroseconds: slowdown(turns).lastMicroseconds,
    slowdown: await measureSlowdown(contender, turns),
    memoryBeforeBytes,
    memoryAfterBytes,
    peakMemoryBytes: peakBytes,
    held,
  };
}

/**
 * Returns the slowdown of a session. V8 still compiles in the first few thousand turns of a process, which would hide a
 * session that slows down, so a second session is measured. If the first one was cut short, a second would take as
 * long: then the first session is used, without its first fifth.
 *
 * @param {import("./contenders/contender.mjs").Contender} contender
 * @param {Float64Array} firstSession
 * @returns {Promise<number>}
 */
async function measureSlowdown(contender, firstSession) {
  if (firstSession.length < SESSION_TURNS) {
    return slowdown(firstSession.subarray(Math.floor(firstSession.length / 5))).slowdown;
  }
  return slowdown(await timeTurns(await openSession(contender), SESSION_TURNS, SESSION_SECONDS)).slowdown;
}

/** @param {import("./contenders/contender.mjs").Contender} contender */
async function openSession(contender) {
  if (contender.openSession === null) throw new TypeError(`${name} has no session`);
  return contender.openSession(importPackage);
}

/**
 * @param {import("./contenders/contender.mjs").Talk} talk
 * @param {number} most most turns
 * @param {number} seconds time limit
 * @returns {Promise<Float64Array>} microseconds of each turn
 */
async function timeTurns(talk, most, seconds) {
  const microseconds = new Float64Array(most);
  const end = performance.now() + seconds * 1000;
  let turns = 0;
  for (let now = performance.now(); turns < most && now < end; turns++) {
    const message = `Reading ${turns}: please look at the pressure of pump three again.`;
    const begin = performance.now();
    const reply = await talk.ask(message);
    now = performance.now();
    microseconds[turns] = (now - begin) * 1000;
    if (!reply.endsWith(message)) throw new Error(`the reply to turn ${turns} was "${reply}"`);
  }
  return microseconds.subarray(0, turns);
}
