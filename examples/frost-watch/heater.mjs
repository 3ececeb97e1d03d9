// Switches the heater and prints its state: heater.mjs on|off. The same key switches only once, also after a power cut.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";

const FILE = "state/heater.json";
/** Number of keys that are remembered. */
const MAX_KEYS = 100;

function read() {
  try {
    return JSON.parse(readFileSync(FILE, "utf8"));
  } catch (error) {
    if (error.code !== "ENOENT") throw error;
    return { heater: "off", switched: 0, keys: [] };
  }
}

/** Writes a new file and then renames it, so that the old state or the new one is there at any time. */
function write(state) {
  mkdirSync("state", { recursive: true });
  writeFileSync(`${FILE}.new`, JSON.stringify(state), { flush: true });
  renameSync(`${FILE}.new`, FILE);
}

const [wanted, ...rest] = process.argv.slice(2);
const { NANOAGENT_IDEMPOTENCY_KEY: key = "" } = process.env;
if (!["on", "off"].includes(wanted) || rest.length > 0) {
  console.error("error: wrong arguments. Usage: heater.mjs on|off");
  process.exitCode = 1;
} else {
  const state = read();
  if (!state.keys.includes(key)) {
    const keys = key === "" ? state.keys : [...state.keys, key].slice(-MAX_KEYS);
    write({ heater: wanted, switched: state.switched + 1, keys });
  }
  const { heater, switched } = read();
  console.log(`The heater is ${heater}, switched ${switched} ${switched === 1 ? "time" : "times"}.`);
}
