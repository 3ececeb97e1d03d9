// The client of a test, in a process of its own: node acting-client.mjs URL VERSION FOLDER. It writes each message to a
// file, syncs it together with others, and acknowledges it then. A line on stdout says when it listens.
import { open } from "node:fs/promises";
import { openBroker } from "../../src/mqtt/open-broker.js";

const [, , url = "", protocol = "auto", folder = "", client_id = "acting"] = process.argv;
const file = await open(`${folder}/messages`, "a");
let lines: string[] = [];
let saved: Promise<void> = Promise.resolve();
let saving: Promise<void> | null = null;

/** Saves the lines that come until the save before it is done, with one sync. */
async function save(before: Promise<void>): Promise<void> {
  await before;
  saving = null;
  const text = lines.join("");
  lines = [];
  await file.write(text);
  await file.datasync();
}

const broker = await openBroker(
  { url, protocol: protocol as "auto", client_id, keepalive_seconds: 4 },
  { environment: {}, filtersPath: `${folder}/topics.json`, times: { firstPause: 100, longestPause: 500, stable: 100 } },
);
broker.subscribe("load/#", async ({ payload }) => {
  lines.push(`${new TextDecoder().decode(payload)}\n`);
  if (saving === null) {
    saving = save(saved);
    saved = saving;
  }
  await saving;
});
broker.onChange(async () => {
  // The subscription goes before the message.
  if (broker.isConnected) await broker.publish("started", "");
  process.stdout.write(broker.isConnected ? "connected\n" : "away\n");
});
broker.ready();
process.on("SIGTERM", () => void broker.close().then(() => process.exit(0)));
