import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { NanoRuntime } from "@nanoagent/runtime";
import { readConfig } from "@nanoagent/runtime/node";
import { ScriptedEngine } from "@nanoagent/runtime/testing";
import { expect, test } from "vitest";
import { sampleDevice } from "./sample-config.js";
import { temporaryFolder } from "./temporary-folder.js";

// The command line runs all blocks of these pages (packages/cli/test/workspace/documents.test.ts); here an engine sees them.
const page = (name: string) => readFile(new URL(`../../../docs/${name}`, import.meta.url), "utf8");

test("the agent of docs/skills.md loads its skill", async () => {
  const [, block = ""] =
    /^```yaml\n(spec:\n {2}name: greenhouse\n.*?^skills_dir: .*?)^```$/ms.exec(await page("skills.md")) ?? [];
  const folder = await temporaryFolder();
  await writeFile(path.join(folder, "agent.yaml"), block.replace(/^model_path: .*\n/m, ""));
  await mkdir(path.join(folder, "skills", "watering"), { recursive: true });
  const skill = "---\nname: watering\ndescription: How to water.\n---\nIn the morning.";
  await writeFile(path.join(folder, "skills", "watering", "SKILL.md"), skill);
  const call = { id: "1", name: "read_skill", arguments: { name: "watering" } };
  const engine = new ScriptedEngine([{ calls: [call] }, "In the morning."]);
  await using runtime = new NanoRuntime({ engine });
  await runtime.load(await readConfig(path.join(folder, "agent.yaml"), { profile: async () => sampleDevice }));
  await runtime.process("When do I water?");
  expect(engine.requests[0]?.instructions).toContain("- watering: How to water.");
  expect(engine.requests[1]?.messages.at(-1)).toMatchObject({ role: "tool", content: "In the morning." });
  expect(runtime.notices).toEqual([]);
});

test("the servers of docs/tools.md can be loaded, and their tools have the documented names", async () => {
  const [, block] = /^```yaml\n(mcp_servers:\n.*?)^```$/ms.exec(await page("tools.md")) ?? [];
  const folder = await temporaryFolder();
  const greenhouse = new URL("./tools/mcp/greenhouse-server.mjs", import.meta.url);
  await writeFile(path.join(folder, "garden-server.mjs"), `import ${JSON.stringify(greenhouse)};`);
  await writeFile(path.join(folder, "agent.yaml"), `spec: { name: a, capabilities: [garden] }\n${block}`);
  process.env.GARDEN_KEY = process.env.HOUSE_KEY = "key";
  const call = { id: "1", name: "garden_read_soil", arguments: { bed: 1 } };
  const engine = new ScriptedEngine([{ calls: [call] }, "41"]);
  await using runtime = new NanoRuntime({ engine });
  await runtime.load(await readConfig(path.join(folder, "agent.yaml"), { profile: async () => sampleDevice }));
  await runtime.process("How moist is bed 1?");
  expect(engine.requests[0]?.tools?.map(({ name }) => name)).toEqual(["garden_read_soil", "garden_water"]);
  expect(engine.requests[1]?.messages.at(-1)).toMatchObject({ content: '{"bed":1,"moisture_percent":41}' });
  // No server listens there.
  expect(runtime.notices).toEqual([expect.stringContaining('The MCP server "house" failed:')]);
});
