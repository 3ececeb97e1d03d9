// `node open-large.mjs FOLDER`: opens a session like the runtime, reads it completely, and prints time and memory as
// JSON.
import { NanoRuntime } from "../../../dist/index.js";
import { Journal } from "../../../dist/node.js";

const [folder = ""] = process.argv.slice(2);
const config = {
  spec: { name: "old-hand" },
  device: { device_id: "d", platform: "linux-aarch64", memory_mb: 512, cpu_cores: 1 },
};
const rss = () => process.memoryUsage().rss;
const warm = new NanoRuntime();
await warm.load(config);
await warm.process("hello");
await warm.unload();
const before = rss();
const begin = performance.now();
const journal = await Journal.open(folder);
const openMilliseconds = performance.now() - begin;
const openBytes = rss() - before;
await journal.close();
const loadBegin = performance.now();
const runtime = new NanoRuntime();
await runtime.load({ ...config, session: { dir: folder } });
const loadMilliseconds = performance.now() - loadBegin;
const loadBytes = rss() - before;
const reply = (await runtime.process("hello")).content;
const { history, droppedTurns } = runtime;
let messages = 0;
for await (const _ of runtime.readHistory()) messages += 1;
const readBytes = rss() - before;
await runtime.unload();
process.stdout.write(
  JSON.stringify({
    openMilliseconds,
    openBytes,
    loadMilliseconds,
    loadBytes,
    readBytes,
    messages,
    held: history.length,
    droppedTurns,
    reply,
  }),
);
