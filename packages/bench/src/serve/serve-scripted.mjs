// Child process: `node serve-scripted.mjs FOLDER TOKENS` serves an agent whose engine writes TOKENS pieces at once, with the
// packages that are installed in FOLDER. Prints its address; for each line on stdin it answers one message without the
// server and prints what that took.
import { createInterface } from "node:readline";
import { importFromFolder } from "../import-from-folder.mjs";

const [folder = "", tokens = "1"] = process.argv.slice(2);
const load = await importFromFolder(folder);
const { openAgent } = await load("@nanoagent/runtime");
const { createServer } = await load("@nanoagent/server");
const { ScriptedEngine } = await load("@nanoagent/runtime/testing");

const device = { device_id: "bench", platform: "linux-x86_64", memory_mb: 1024, cpu_cores: 2 };
const engine = new ScriptedEngine([{ deltas: Array.from({ length: Number(tokens) }, () => "word ") }]);
const agent = await openAgent({ spec: { name: "bench-agent" }, device }, { engine });
const server = createServer(agent);
const { url } = await server.listen({ port: 0 });
process.stdout.write(`${url}\n`);

for await (const _ of createInterface({ input: process.stdin })) {
  const conversation = await agent.converse();
  const cpu = process.cpuUsage();
  const began = performance.now();
  let firstMilliseconds = 0;
  for await (const event of conversation.stream("Write.")) {
    if (event.type === "text-delta" && firstMilliseconds === 0) firstMilliseconds = performance.now() - began;
  }
  const { user, system } = process.cpuUsage(cpu);
  await conversation.close();
  process.stdout.write(`${JSON.stringify({ firstMilliseconds, cpuMicroseconds: user + system })}\n`);
}
