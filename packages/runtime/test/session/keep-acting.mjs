// A program to be killed: `node keep-acting.mjs FOLDER EFFECTS HANG` is an agent with a session whose engine acts with
// every message. Each act appends its number and its key to the file EFFECTS. HANG is `before`, `after` or `never`:
// whether a call hangs before or after it has acted. Prints a line for each started call and each reply.
import { appendFileSync, writeSync } from "node:fs";
import { defineTool, NanoRuntime } from "../../dist/index.js";
import { ScriptedEngine } from "../../dist/testing.js";

const [dir = "", effects = "", hang = "never"] = process.argv.slice(2);
const forever = () => new Promise(() => setTimeout(() => {}, 60_000));
const act = defineTool({
  name: "act",
  description: "Acts.",
  input: /** @type {object} */ ({ type: "object", properties: { number: { type: "integer" } }, required: ["number"] }),
  permission: "always",
  run: async (/** @type {{ number: number }} */ { number }, { idempotencyKey }) => {
    writeSync(1, `begun ${number} ${idempotencyKey}\n`);
    if (hang === "before") await forever();
    appendFileSync(effects, `${number} ${idempotencyKey}\n`);
    if (hang === "after") {
      writeSync(1, "acted\n");
      await forever();
    }
    return "acted";
  },
});
const first = Number(process.argv[5] ?? 1);
const calls = (/** @type {number} */ number) => ({ calls: [{ id: "1", name: "act", arguments: { number } }] });
const script = Array.from({ length: 2000 }, (_, index) => [calls(first + index), `done ${first + index}`]).flat();
const runtime = new NanoRuntime({ engine: new ScriptedEngine(script), tools: [act] });
await runtime.load({
  spec: { name: "keeper" },
  device: { device_id: "d", platform: "linux-x86_64", memory_mb: 1024, cpu_cores: 2, has_gpu: false },
  session: { dir },
});
for (let number = first; ; number++) {
  const { content } = await runtime.process(`act ${number}`);
  writeSync(1, `${content}\n`);
}
