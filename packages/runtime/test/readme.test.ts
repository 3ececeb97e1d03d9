import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { NanoRuntime } from "@nanoagent/runtime";
import { findAmbiguities, IntentMatcher, readConfig } from "@nanoagent/runtime/node";
import { ScriptedEngine } from "@nanoagent/runtime/testing";
import { expect, test } from "vitest";
import { sampleDevice } from "./sample-config.js";
import { temporaryFolder } from "./temporary-folder.js";

test("the README's intents and tools work as one agent", async () => {
  const text = await readFile(new URL("../README.md", import.meta.url), "utf8");
  const blocks = [...text.matchAll(/^```yaml\n((?:intents|tools):\n.*?)^```$/gms)].map(([, block]) => block);
  expect(blocks).toHaveLength(2);
  const folder = await temporaryFolder();
  await writeFile(path.join(folder, "agent.yaml"), `spec: { name: a }\n${blocks.join("")}`);
  await writeFile(path.join(folder, "valve"), '#!/bin/sh\necho "{\\"litres\\": 12, \\"said\\": \\"$*\\"}"', {
    mode: 0o755,
  });

  const config = await readConfig(path.join(folder, "agent.yaml"), { profile: async () => sampleDevice });
  if (config.intents === undefined) expect.fail("no intents");
  expect(findAmbiguities(IntentMatcher.compile(config.intents))).toEqual({ found: [], complete: true });
  const asked: unknown[] = [];
  await using runtime = new NanoRuntime({ onPermission: (request) => asked.push(request.arguments) > 0 });
  await runtime.load(config);
  expect((await runtime.process("Water the sunny side beds for 7 minutes!")).content).toBe("Watering south, 12 l.");
  expect((await runtime.process("north gießen")).content).toBe("north wird gegossen.");
  expect((await runtime.process("note call Bob please")).content).toBe("Noted: call Bob");
  expect(asked).toEqual([
    { zone: "south", minutes: 7 },
    { zone: "north", minutes: 5 },
  ]);
});

test("the README's agent with a skill loads it", async () => {
  const text = await readFile(new URL("../README.md", import.meta.url), "utf8");
  const [, block] = /^```yaml\n(spec:\n {2}name: greenhouse\n.*?^skills_dir: .*?)^```$/ms.exec(text) ?? [];
  const folder = await temporaryFolder();
  await writeFile(path.join(folder, "agent.yaml"), String(block));
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

test("the README's servers can be loaded, and their tools have the documented names", async () => {
  const text = await readFile(new URL("../README.md", import.meta.url), "utf8");
  const [, block] = /^```yaml\n(mcp_servers:\n.*?)^```$/ms.exec(text) ?? [];
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
