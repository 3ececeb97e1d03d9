import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { NanoRuntime } from "@nanoagent/runtime";
import { readConfig } from "@nanoagent/runtime/node";
import { expect, onTestFinished, test } from "vitest";
import { sampleDevice } from "../../sample-config.js";
import { startServer } from "./fake-server.js";
import { fakeLlamaServer } from "./fake-servers.js";

const repository = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../../../../..");
const profile = async () => sampleDevice;

test("examples/llama-server talks to a llama-server", async () => {
  const server = await startServer(fakeLlamaServer());
  const config = await readConfig(path.join(repository, "examples/llama-server/agent.yaml"), { profile });
  expect(config.engine?.url).toBe("http://127.0.0.1:8080");
  await using runtime = new NanoRuntime();
  await runtime.load({ ...config, engine: { ...config.engine, url: server.url } });
  expect((await runtime.process("hello")).content).toBe("Hello from the server.");
});

test.each(["examples/llama-server/README.md", "docs/servers.md"])("the configs in %s are valid", async (file) => {
  const folder = await mkdtemp(path.join(tmpdir(), "nanoagent-example-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const text = await readFile(path.join(repository, file), "utf8");
  const blocks = [...text.matchAll(/^```yaml\n(.*?)^```$/gms)]
    .map(([, block]) => block)
    .filter((block) => block?.startsWith("engine:"));
  expect(blocks.length).toBeGreaterThan(0);
  for (const block of blocks) {
    const config = path.join(folder, "agent.yaml");
    await writeFile(config, `spec: { name: a }\n${block}`);
    const expected = /^engine:/m.test(block ?? "")
      ? { engine: { type: "openai-compatible" } }
      : { spec: { name: "a" } };
    await expect(readConfig(config, { profile })).resolves.toMatchObject(expected);
  }
});
