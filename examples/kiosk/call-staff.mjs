// Calls a member of staff to the kiosk: call-staff.mjs REASON
// This one appends a line to state/calls.jsonl. A real one would ring a bell or send a message.
import { closeSync, fsyncSync, mkdirSync, openSync, readSync, statSync, writeSync } from "node:fs";

/** Part of the file that is searched for an earlier call with the same key. */
const MAX_SEARCHED_BYTES = 64 * 1024;
const reasons = ["accessibility", "help"];

try {
  const [reason, ...rest] = process.argv.slice(2);
  if (!reasons.includes(reason) || rest.length > 0)
    throw new Error(`wrong arguments. Usage: call-staff.mjs ${reasons.join("|")}`);
  callStaff(reason);
  console.log(JSON.stringify({ called: true, reason }));
} catch (error) {
  console.error(`error: ${error.message}`);
  process.exitCode = 1;
}

/** Rings once per key, so that a call that is repeated after a power cut does not ring twice. */
function callStaff(reason) {
  const key = process.env.NANOAGENT_IDEMPOTENCY_KEY ?? crypto.randomUUID();
  const folder = new URL("state/", import.meta.url);
  mkdirSync(folder, { recursive: true });
  const file = new URL("calls.jsonl", folder);
  const descriptor = openSync(file, "a+");
  try {
    const { size } = statSync(file);
    const searched = Buffer.alloc(Math.min(size, MAX_SEARCHED_BYTES));
    readSync(descriptor, searched, 0, searched.length, size - searched.length);
    if (searched.includes(JSON.stringify(key))) return;
    // This ends a line that a power cut left unfinished.
    const separator = size > 0 && searched.at(-1) !== 10 ? "\n" : "";
    writeSync(descriptor, `${separator}${JSON.stringify({ at: new Date().toISOString(), reason, key })}\n`);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
