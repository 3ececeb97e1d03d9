// A simulated greenhouse: two beds, a vent, and a file with their state. Your programs would talk to real hardware.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";

const file = path.join(import.meta.dirname, "state/greenhouse.json");
/** Number of acts that are remembered, to recognize repeated calls. */
const MAX_ACTS = 100;
const LITERS_PER_MINUTE = 8;

const beds = {
  north: { name: { en: "north bed", de: "Nordbeet" }, area: 4 },
  south: { name: { en: "south bed", de: "Südbeet" }, area: 6 },
};

/** Reads the state of the greenhouse. Without a file, or with a damaged one, it is the initial state. */
export function readGreenhouse() {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return { moisture: { north: 28, south: 61 }, vent: "closed", acts: [] };
  }
}

export function climateOf({ vent }) {
  return {
    temperature_c: vent === "open" ? 21.5 : 26,
    humidity_percent: vent === "open" ? 58 : 74,
    vent: vent === "open" ? { en: "open", de: "offen" } : { en: "closed", de: "zu" },
  };
}

export function bedOf({ moisture }, bed) {
  const { name } = knownBed(bed);
  const moisture_percent = moisture[bed];
  const advice = moisture_percent < 40 ? { en: "it needs water", de: "es braucht Wasser" } : undefined;
  return { name, moisture_percent, advice };
}

/**
 * Changes the greenhouse and returns its new state. NANOAGENT_IDEMPOTENCY_KEY is the key of this call: a repeated call
 * with the same key gets the same result, and the bed gets no more water.
 */
export function act(change) {
  const key = process.env.NANOAGENT_IDEMPOTENCY_KEY ?? crypto.randomUUID();
  const greenhouse = readGreenhouse();
  const done = greenhouse.acts.find((earlier) => earlier.key === key);
  if (done !== undefined) return done.result;
  const result = change(greenhouse);
  greenhouse.acts = [...greenhouse.acts, { key, result }].slice(-MAX_ACTS);
  mkdirSync(path.dirname(file), { recursive: true });
  // A power cut leaves the old file or the new one, never half of one.
  writeFileSync(`${file}.new`, JSON.stringify(greenhouse, null, 2));
  renameSync(`${file}.new`, file);
  return result;
}

export function moveVent(greenhouse, position) {
  if (position !== "open" && position !== "closed")
    throw new Error(`unknown position "${position}": use open or closed`);
  greenhouse.vent = position;
  return climateOf(greenhouse);
}

export function water(greenhouse, bed, minutes) {
  const { area } = knownBed(bed);
  if (!Number.isInteger(minutes) || minutes < 1 || minutes > 30) throw new Error("minutes must be from 1 to 30");
  const liters = minutes * LITERS_PER_MINUTE;
  greenhouse.moisture[bed] = Math.min(95, greenhouse.moisture[bed] + Math.round((2 * liters) / area));
  return { liters, ...bedOf(greenhouse, bed) };
}

function knownBed(bed) {
  if (Object.hasOwn(beds, bed)) return beds[bed];
  throw new Error(`unknown bed "${bed}": use ${Object.keys(beds).join(" or ")}`);
}
