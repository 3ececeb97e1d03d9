// Holds many full conversations, and prints how much memory they use: COUNT [FOLDER for sessions].
import path from "node:path";
import { openAgent } from "@nanoagent/runtime";

const [count, folder] = process.argv.slice(2);
const spec = { name: "field-assistant", max_memory_mb: 256 };
const device = { device_id: "d", platform: "linux-x64", memory_mb: 4096, cpu_cores: 4 };
const agent = await openAgent({ spec, device });

async function fill(name, messages = 80) {
  const session = folder === undefined ? undefined : { dir: path.join(folder, name), fsync: "never" };
  const conversation = await agent.converse({ session, maxHistoryBytes: 64 * 1024 });
  for (let turn = 0; turn < messages; turn++) await conversation.process(`${name} ${turn} ${"x".repeat(1000)}`);
  return conversation;
}

const memory = () => {
  gc();
  const { heapUsed, external, rss } = process.memoryUsage();
  return { heapBytes: heapUsed + external, rss };
};

await (await fill("warm-up")).close();
const before = memory();
const conversations = [];
for (let index = 0; index < Number(count); index++) conversations.push(await fill(String(index)));
const after = memory();
const texts = conversations.flatMap(({ history }) => history.map(({ content }) => content.length));
const histories = texts.reduce((sum, length) => sum + length, 0);
process.stdout.write(
  JSON.stringify({ heapBytes: after.heapBytes - before.heapBytes, rssBytes: after.rss - before.rss, histories }),
);
await agent.close();
