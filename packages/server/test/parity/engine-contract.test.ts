import { mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { buildTinyGguf } from "@nanoagent/optimizer/testing";
import { type Agent, type Engine, openAgent } from "@nanoagent/runtime";
import { addonPackage } from "@nanoagent/runtime/engines/llama";
import { openOpenAiCompatibleEngine } from "@nanoagent/runtime/engines/openai-compatible";
import { ScriptedEngine, testEngine } from "@nanoagent/runtime/testing";
import { createServer } from "@nanoagent/server";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const hasAddon = await import(/* @vite-ignore */ addonPackage()).then(
  () => true,
  () => false,
);
const device = { device_id: "d", platform: "linux-x86_64", memory_mb: 4096, cpu_cores: 1 } as const;
const serve = { bare_model: true };

/** Serves an agent, and opens the engine that uses its model through the service. Both close together. */
async function throughService(agent: Agent, model?: string): Promise<Engine> {
  const server = createServer(agent, { environment: {} });
  const { url } = await server.listen({ port: 0 });
  const engine = await openOpenAiCompatibleEngine({ url, model });
  const { close } = engine;
  return Object.assign(engine, {
    close: async () => {
      await close.call(engine);
      await server.close();
      await agent.close();
    },
  });
}

describe("a scripted model through a service", () => {
  const replies = [{ deltas: ['{"bed": ', "3}"], delayMilliseconds: 5 }];
  const open = (spec = { name: "garden" }) =>
    openAgent({ spec, device, serve }, { engine: new ScriptedEngine(replies) });

  testEngine(async () => throughService(await open()), test);

  test("is the model alone, unless the config names the agent", async () => {
    for (const [model, target] of [
      [undefined, "scripted"],
      ["garden", "garden"],
    ] as const) {
      const engine = await throughService(await open(), model);
      expect(engine).toMatchObject({ server: { kind: "nanoagent", model: target, isAgent: target === "garden" } });
      await engine.close();
    }
  });
});

describe.skipIf(!hasAddon)("a local model through a service (needs llama.cpp's package)", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), "nanoagent-test-"));
    await writeFile(path.join(folder, "tiny.gguf"), buildTinyGguf({ contextTokens: 2048 }));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const open = () =>
    openAgent({
      spec: { name: "garden", capabilities: [] },
      device,
      serve,
      model_path: path.join(folder, "tiny.gguf"),
      // Without a second process, the tests need no build.
      engine: { isolation: "none" },
    });

  testEngine(async () => throughService(await open()), test, { forcesCalls: true });

  test("reports the facts of the model, and the tokens that its cache knew", async () => {
    const engine = await throughService(await open());
    expect(engine.callsTools).toBe(true);
    expect(engine.trainedTokens).toBe(2048);
    expect(engine.parameters).toBeGreaterThan(10_000);
    const ask = async (content: string) => {
      const messages = [{ role: "user", content }] as const;
      const request = { instructions: "You water the plants.", messages, sampling: { maxTokens: 4 } };
      for await (const event of engine.generate(request)) if (event.type === "usage") return event.usage;
      return null;
    };
    const first = await ask("How dry is bed 3?");
    expect(first?.cached_prompt_tokens).toBe(0);
    expect((await ask("How dry is bed 4?"))?.cached_prompt_tokens).toBeGreaterThan(10);
    await engine.close();
  });
});
