// The triggers of an agent without the service: `node acting-program.mjs CONFIG` starts in half the time of
// `nanoagent serve`, so that a short run has as many kills. Prints a line when all is armed. SIGTERM closes it.
import { readFileSync } from "node:fs";
import path from "node:path";
import { openAgent } from "@nanoagent/runtime";
import { openBroker } from "@nanoagent/server/mqtt";
import { openTriggers } from "@nanoagent/server/triggers";

const { session, mqtt, triggers: settings, ...config } = JSON.parse(readFileSync(process.argv[2] ?? "", "utf8"));
const note = ({ level, message }) => {
  if (level !== "info") process.stderr.write(`${level} ${message}\n`);
};
const filtersPath = path.join(session.dir, "mqtt-topics.json");
const broker = await openBroker(mqtt, { environment: process.env, filtersPath, onNotice: note });
const agent = await openAgent(config);
const triggers = await openTriggers({
  settings,
  folder: path.join(session.dir, "events"),
  agent: { use: (_signal, act) => act(agent), ask: async () => false },
  broker,
  onNotice: note,
});
broker.ready();
process.once("SIGTERM", async () => {
  await triggers.close();
  await broker.close();
  await agent.close();
});
process.stdout.write("armed\n");
