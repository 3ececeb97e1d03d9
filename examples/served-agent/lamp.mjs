// Switches the lamp: lamp.mjs on|off
// This one writes the state into state/lamp.json. A real one would set a pin or send a message.
import { mkdirSync, renameSync, writeFileSync } from "node:fs";

const [state, ...rest] = process.argv.slice(2);
if (!["on", "off"].includes(state) || rest.length > 0) {
  console.error("error: wrong arguments. Usage: lamp.mjs on|off");
  process.exit(1);
}
const folder = new URL("state/", import.meta.url);
mkdirSync(folder, { recursive: true });
const file = new URL("lamp.json", folder);
// The same call twice leaves the same state, so it needs no key.
writeFileSync(new URL("lamp.json.new", folder), `${JSON.stringify({ state })}\n`);
renameSync(new URL("lamp.json.new", folder), file);
console.log(JSON.stringify({ state }));
