// A greenhouse that is not there: two beds, a vent, and a file that remembers them. Real programs would talk to real things.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";

const file = path.resolve("state/greenhouse.json");
/** So many acts are remembered, to know one that comes again. */
const MOST_ACTS = 100;

const beds = {
  north: { name: { en: "north bed", de: "Nordbeet" }, area: 4 },
  south: { name: { en: "south bed", de: "Südbeet" }, area: 6 },
};

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
  const moisture_percent = moisture[bed];
  const { name } = known(bed);
  const advice = moisture_percent < 40 ? { en: "it needs water", de: "es braucht Wasser" } : undefined;
  return { name, moisture_percent, advice };
}

/** Does something to the greenhouse, once: whoever asks again with the same key gets the same answer, and no more water. */
export function act(change) {
  const key = process.env.NANOAGENT_IDEMPOTENCY_KEY ?? crypto.randomUUID();
  const greenhouse = readGreenhouse();
  const done = greenhouse.acts.find((one) => one.key === key);
  if (done !== undefined) return done.result;
  const result = change(greenhouse);
  greenhouse.acts = [...greenhouse.acts, { key, result }].slice(-MOST_ACTS);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(`${file}.new`, JSON.stringify(greenhouse, null, 2));
  renameSync(`${file}.new`, file);
  return result;
}

export function water(greenhouse, bed, minutes) {
  const { area } = known(bed);
  greenhouse.moisture[bed] = Math.min(95, greenhouse.moisture[bed] + Math.round((minutes * 16) / area));
  return { litres: minutes * 8, ...bedOf(greenhouse, bed) };
}

function known(bed) {
  if (Object.hasOwn(beds, bed)) return beds[bed];
  throw new Error(`there is no bed "${bed}"`);
}
