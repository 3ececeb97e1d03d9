// `node talk-for-long.mjs FOLDER TURNS`: holds a session of at most 8 MB for this number of turns, in ten equal parts,
// and prints the memory after each part as JSON.
import { NanoRuntime } from "../../../dist/index.js";

const STRETCHES = 10;
const [folder = "", turns = "0"] = process.argv.slice(2);
const runtime = new NanoRuntime();
await runtime.load({
  spec: { name: "old-hand" },
  device: { device_id: "d", platform: "linux-aarch64", memory_mb: 512, cpu_cores: 1 },
  session: { dir: folder, fsync: "never", retention: { max_mb: 8 } },
});
const stretches = [];
for (let stretch = 0; stretch < STRETCHES; stretch++) {
  for (let number = 0; number < Number(turns) / STRETCHES; number++) {
    await runtime.process(`Reading ${number}: please look at the pressure of pump three again.`);
  }
  globalThis.gc?.();
  const { rss, heapUsed, external } = process.memoryUsage();
  stretches.push({ residentBytes: rss, heldBytes: heapUsed + external });
}
process.stdout.write(JSON.stringify(stretches));
await runtime.unload();
