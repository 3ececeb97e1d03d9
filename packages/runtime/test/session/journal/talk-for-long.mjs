// `node talk-for-long.mjs FOLDER TURNS`: that many turns in one session of at most 8 MB; prints the memory at a tenth and at the end.
import { NanoRuntime } from "../../../dist/index.js";

const [folder = "", turns = "0"] = process.argv.slice(2);
const runtime = new NanoRuntime();
await runtime.load({
  spec: { name: "old-hand" },
  device: { device_id: "d", platform: "linux-aarch64", memory_mb: 512, cpu_cores: 1 },
  session: { dir: folder, fsync: "never", retention: { max_mb: 8 } },
});
let firstBytes = 0;
for (let number = 0; number < Number(turns); number++) {
  await runtime.process(`Reading ${number}: please look at the pressure of pump three again.`);
  if (number === Math.floor(Number(turns) / 3)) firstBytes = resident();
}
process.stdout.write(JSON.stringify({ firstBytes, lastBytes: resident() }));
await runtime.unload();

function resident() {
  globalThis.gc?.();
  return process.memoryUsage().rss;
}
