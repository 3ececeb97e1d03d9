// Child process: `node turn-with-tools.mjs FOLDER TOOLS` answers messages with the rules engine that is installed in
// FOLDER, for an agent with this number of tools, and prints the CPU time of a turn.
import { importFromFolder } from "./import-from-folder.mjs";

const TURNS = 3000;
const tools = Number(process.argv[3] ?? 500);

/** @typedef {{ turnMicroseconds: number }} ToolsResult */

const { NanoRuntime, defineTool } = await (await importFromFolder(process.argv[2] ?? ""))("@nanoagent/runtime");
const defined = Array.from({ length: tools }, (_, index) =>
  defineTool({
    name: `pump_${index}`,
    description: `Reads the pressure of pump number ${index} in the north hall.`,
    inputSchema: { type: "object", properties: { unit: { type: "string", enum: ["bar", "kPa"] } } },
    changesWorld: false,
    permission: "always",
    run: async () => "1.2",
  }),
);
const runtime = new NanoRuntime({ tools: defined });
await runtime.load({
  spec: { name: "bench-agent", capabilities: defined.map(({ name }) => name) },
  device: { device_id: "bench", platform: "linux-x86_64", memory_mb: 1024, cpu_cores: 2 },
});
await talk();
const before = process.cpuUsage();
await talk();
const { user, system } = process.cpuUsage(before);
/** @type {ToolsResult} */
const result = { turnMicroseconds: (user + system) / TURNS };
process.stdout.write(JSON.stringify(result));
await runtime.unload();

async function talk() {
  for (let turn = 0; turn < TURNS; turn++) {
    await runtime.process(`Reading ${turn}: please look at the pressure of pump number ${turn % tools} again.`);
  }
}
