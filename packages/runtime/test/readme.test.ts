import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { NanoRuntime } from "@nanoagent/runtime";
import { findAmbiguities, IntentMatcher, readConfig } from "@nanoagent/runtime/node";
import { expect, test } from "vitest";
import { sampleDevice } from "./sample-config.js";
import { temporaryFolder } from "./temporary-folder.js";

test("the README's intents and tools are one agent, which does what they say", async () => {
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
