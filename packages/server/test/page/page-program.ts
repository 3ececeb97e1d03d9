// A service with the page in a process of its own, so that it can be killed. Arguments: session folder, replies as JSON.
import { defineTool, openAgent } from "@nanoagent/runtime";
import { ScriptedEngine } from "@nanoagent/runtime/testing";
import { createServer } from "../../src/create-server.js";

const [dir = "", replies = "[]"] = process.argv.slice(2);
const wait = defineTool({
  name: "wait",
  description: "Waits.",
  input: { type: "object", properties: {} },
  permission: "always",
  run: () => new Promise<string>(() => {}),
});
const agent = await openAgent(
  {
    spec: { name: "kitchen", capabilities: ["wait"] },
    device: { device_id: "d", platform: "linux-aarch64", memory_mb: 512, cpu_cores: 2 },
    session: { dir },
  },
  { engine: new ScriptedEngine(JSON.parse(replies)), tools: [wait] },
);
const server = createServer(agent, { settings: {}, environment: {} });
process.send?.((await server.listen({ port: 0 })).url);
process.once("SIGTERM", async () => {
  await server.close();
  await agent.close();
  process.disconnect();
});
