import { mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { buildTinyGguf } from "@nanoagent/optimizer/testing";
import { openAgent, type TokenUsage } from "@nanoagent/runtime";
import { addonPackage } from "@nanoagent/runtime/engines/llama";
import { describe, expect, onTestFinished, test } from "vitest";
import { PermissionDesk } from "../../src/permissions/permission-desk.js";
import type { AnswerEvent } from "../../src/turns/ask.js";
import { TurnAnswering } from "../../src/turns/turn-answering.js";
import { ChatClient } from "./chat-client.js";

const hasAddon = await import(/* @vite-ignore */ addonPackage()).then(
  () => true,
  () => false,
);
const realModel = process.env.NANOAGENT_TEST_MODEL ?? "";
const device = { device_id: "d", platform: "linux-aarch64", memory_mb: 4096, cpu_cores: 1 };
const instructions = "You help in a greenhouse. Answer in a few words. ".repeat(8);
const sampling = { maxTokens: 8, seed: 1, temperature: 0 };

async function open(modelPath: string) {
  const spec = { name: "greenhouse", max_memory_mb: 512 };
  const agent = await openAgent({ spec, device, model_path: modelPath, instructions, engine: { context: 1024 } });
  const answering = new TurnAnswering(agent, new PermissionDesk());
  onTestFinished(async () => {
    await answering.close();
    await agent.close();
  });
  return { agent, answering };
}

async function tinyModel(): Promise<string> {
  const folder = await mkdtemp(path.join(os.tmpdir(), "nanoagent-test-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const file = path.join(folder, "tiny.gguf");
  await writeFile(file, buildTinyGguf({ contextTokens: 2048 }));
  return file;
}

function usageOf(events: readonly AnswerEvent[]): Required<Pick<TokenUsage, "prompt_tokens" | "cached_prompt_tokens">> {
  const last = events.at(-1);
  if (last?.type !== "run-end" || last.usage === null) throw new Error(JSON.stringify(last));
  return { cached_prompt_tokens: 0, ...last.usage };
}

const models: [string, boolean, () => Promise<string>][] = [
  ["a model of random weights (needs llama.cpp's package)", hasAddon, tinyModel],
  ["a real model (set NANOAGENT_TEST_MODEL to run it)", hasAddon && realModel !== "", async () => realModel],
];

describe.each(models)("%s", (_, isThere, model) => {
  test.skipIf(!isThere).each([
    ["an id", ["c"]],
    ["its history", []],
  ])("a second turn of a conversation found by %s reads only what is new", async (_way, conversationIds) => {
    const { answering } = await open(await model());
    const client = new ChatClient(answering, { conversationIds, sampling });
    const first = usageOf(await client.say("How is the soil in the north bed?"));
    const second = usageOf(await client.say("And in the south bed?"));
    const third = usageOf(await client.say("Thanks."));
    // The whole first prompt is cached, except the marks at its end.
    expect(second.cached_prompt_tokens).toBeGreaterThanOrEqual(first.prompt_tokens - 16);
    expect(third.cached_prompt_tokens).toBeGreaterThanOrEqual(second.prompt_tokens - 16);
    expect(third.prompt_tokens).toBeGreaterThan(second.prompt_tokens);
    expect(answering.conversations.open).toBe(1);
  });

  test.skipIf(!isThere)("200 conversations stay within the budget, and keep the shared instructions", async () => {
    const { agent, answering } = await open(await model());
    const usages: ReturnType<typeof usageOf>[] = [];
    for (let number = 0; number < 200; number++) {
      const client = new ChatClient(answering, { sampling: { ...sampling, maxTokens: 2 } });
      usages.push(usageOf(await client.say(`Question ${number}?`)));
    }
    const { prompt_tokens: whole } = usages[0] as ReturnType<typeof usageOf>;
    const cached = usages.slice(1).map((usage) => usage.cached_prompt_tokens);
    expect(Math.min(...cached)).toBeGreaterThan(whole / 2);
    const { used_bytes, limit_bytes } = await agent.memory();
    expect(used_bytes).toBeLessThanOrEqual(limit_bytes);
    expect(answering.conversations.open).toBe(32);
  });
});
