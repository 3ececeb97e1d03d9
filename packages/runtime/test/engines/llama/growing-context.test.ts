import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import type { MemoryProbe, NanoAgentConfigInput } from "@nanoagent/models";
import { type AgentEvent, type Conversation, NanoRuntime, openAgent, type TokenUsage } from "@nanoagent/runtime";
import { describe, expect, onTestFinished, test } from "vitest";
import { sampleDevice } from "../../sample-config.js";
import { temporaryFolder } from "../../temporary-folder.js";
import { hasAddon, tinyModel } from "./tiny-model.js";

const MB = 2 ** 20;
const device = { ...sampleDevice, cpu_cores: 1 };
const sampling = { maxTokens: 8, seed: 1 };
/** About a thousand tokens in the test models. */
const LONG = "one two three four five six seven eight nine ten ".repeat(38);

async function configOf(
  changes: Partial<NanoAgentConfigInput> = {},
  shape: Parameters<typeof tinyModel>[0] = {},
): Promise<NanoAgentConfigInput> {
  const { modelPath } = await tinyModel({ contextTokens: 20_224, ...shape });
  return { spec: { name: "small", max_memory_mb: 256 }, device, model_path: modelPath, ...changes };
}

async function load(config: NanoAgentConfigInput, memory?: MemoryProbe): Promise<NanoRuntime> {
  const runtime = new NanoRuntime({ memory });
  await runtime.load(config);
  onTestFinished(() => runtime.unload());
  return runtime;
}

async function eventsOf(runtime: NanoRuntime | Conversation, message: string): Promise<AgentEvent[]> {
  const events: AgentEvent[] = [];
  for await (const event of runtime.stream(message, { sampling })) events.push(event);
  expect(events.at(-1), JSON.stringify(events.at(-1))).toMatchObject({ type: "run-end" });
  return events;
}

const usageOf = (events: AgentEvent[]): TokenUsage =>
  events.flatMap((event) => (event.type === "run-end" ? [event.usage] : []))[0] ?? expect.fail(JSON.stringify(events));
const growthsOf = (events: AgentEvent[]) =>
  events.flatMap((event) => (event.type === "context-growth" ? [[event.previous_tokens, event.context_tokens]] : []));
const leftOf = (events: AgentEvent[]) =>
  events.reduce((sum, event) => sum + (event.type === "window-overflow" ? event.left_turns : 0), 0);

/** Memory of the engines' processes (children of this one) that is not mapped from files. */
function pinnedBytesOfHosts(): number {
  const children = execFileSync("ps", ["-o", "pid=,args=", "--ppid", String(process.pid)], { encoding: "utf8" });
  const hosts = children.split("\n").filter((text) => text.includes("host-program"));
  return hosts.reduce((sum, text) => {
    const status = readFileSync(`/proc/${text.trim().split(" ")[0]}/status`, "utf8");
    const kilobytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status)?.[1] ?? 0);
    return sum + (kilobytes("RssAnon") + kilobytes("RssShmem")) * 1024;
  }, 0);
}

async function contextOf(runtime: Pick<NanoRuntime, "memory">): Promise<number> {
  return (await runtime.memory()).engine?.plan?.context_tokens ?? 0;
}

describe.skipIf(!hasAddon)("a context of auto (needs llama.cpp's package)", () => {
  test.each([
    ["with a session, it keeps its state", true],
    ["without a session, it is evaluated again", false],
  ])("grows in the middle of a conversation: %s", async (_, hasSession) => {
    const config = await configOf(hasSession ? { session: { dir: await temporaryFolder() } } : {});
    const runtime = await load(config);
    expect(await contextOf(runtime)).toBe(4096);
    const grown: number[][] = [];
    let known = 0;
    for (let turn = 0; turn < 5; turn++) {
      const events = await eventsOf(runtime, LONG);
      const usage = usageOf(events);
      const growths = growthsOf(events);
      grown.push(...growths);
      expect(leftOf(events)).toBe(0);
      // The last token is evaluated again, and so may be the tokens of an incomplete character.
      if (growths.length === 0 || hasSession) expect(usage.cached_prompt_tokens).toBeGreaterThanOrEqual(known - 9);
      else expect(usage.cached_prompt_tokens).toBe(0);
      known = usage.prompt_tokens + usage.completion_tokens;
    }
    expect(known).toBeGreaterThan(4096);
    expect(grown).toEqual([[4096, 8192]]);
    expect(await contextOf(runtime)).toBe(8192);
    if (!hasSession) return;
    await runtime.unload();
    // The saved conversation needs the longer context, so the engine starts with it.
    const again = await load(config);
    expect(await contextOf(again)).toBe(8192);
    const events = await eventsOf(again, "and now?");
    expect(growthsOf(events)).toEqual([]);
    expect(usageOf(events).cached_prompt_tokens).toBeGreaterThanOrEqual(known - 9);
  });

  test("also grows in the program's own process", async () => {
    const runtime = await load(await configOf({ engine: { isolation: "none" } }));
    const events = await eventsOf(runtime, LONG.repeat(4));
    expect(growthsOf(events)).toEqual([[4096, 8192]]);
    expect(await contextOf(runtime)).toBe(8192);
    expect(usageOf(events).prompt_tokens).toBeGreaterThan(3100);
    expect(growthsOf(await eventsOf(runtime, LONG.repeat(4)))).toEqual([[8192, 16_384]]);
    expect(growthsOf(await eventsOf(runtime, "and now?"))).toEqual([]);
  });

  test("grows in one step for a document, up to the model's trained length", async () => {
    const runtime = await load(await configOf());
    expect(growthsOf(await eventsOf(runtime, LONG.repeat(9)))).toEqual([[4096, 16_384]]);
    const events = await eventsOf(runtime, LONG.repeat(5));
    expect(growthsOf(events)).toEqual([[16_384, 20_224]]);
    expect(leftOf(events)).toBe(0);
    expect(leftOf(await eventsOf(runtime, LONG.repeat(9)))).toBeGreaterThan(0);
  });

  test("starts with the length that the instructions and tools need", async () => {
    const runtime = await load(await configOf({ instructions: LONG.repeat(6) }));
    expect(await contextOf(runtime)).toBe(8192);
    const events = await eventsOf(runtime, "hello");
    expect(usageOf(events).prompt_tokens).toBeGreaterThan(4096);
    expect(growthsOf(events)).toEqual([]);
  });

  test("as a fixed number, does not grow: older turns are dropped", async () => {
    const runtime = await load(await configOf({ engine: { context: 4096 } }));
    let left = 0;
    for (let turn = 0; turn < 4; turn++) {
      const events = await eventsOf(runtime, LONG);
      left += leftOf(events);
      expect(growthsOf(events)).toEqual([]);
    }
    expect(left).toBeGreaterThan(0);
    expect(await contextOf(runtime)).toBe(4096);
  });

  test.skipIf(process.platform !== "linux")(
    "without enough memory, drops older turns and does not reload the model",
    async () => {
      let freeBytes = 900 * MB;
      const memory: MemoryProbe = {
        read: async () => ({
          total_bytes: 1024 * MB,
          available_bytes: freeBytes - pinnedBytesOfHosts(),
          limit_bytes: null,
          limit_source: null,
          pressure_percent: 0,
        }),
      };
      // 8 KB per token: 2 MB for the shortest growth.
      const shape = { embeddingLength: 256, headCount: 4, kvHeadCount: 4, layerCount: 8 };
      const runtime = await load(await configOf({}, shape), memory);
      const before = (await runtime.memory()).engine ?? expect.fail("no engine");
      // The engine's admitted memory, the part of the device that stays free, and 1 MB.
      freeBytes = (before.plan?.ledger.peak_resident_bytes ?? 0) + 21.5 * MB;
      let left = 0;
      for (let turn = 0; turn < 4; turn++) {
        const events = await eventsOf(runtime, LONG);
        left += leftOf(events);
        expect(growthsOf(events)).toEqual([]);
      }
      expect(left).toBeGreaterThan(0);
      expect(await contextOf(runtime)).toBe(4096);
      // Growth is not offered again soon.
      expect(runtime.agent.engine.longestContextTokens).toBeNull();
    },
  );

  test("starts short again after an idle unload, except for a long conversation", async () => {
    const runtime = await load(await configOf({ engine: { idle_unload_seconds: 1 } }));
    const isLoaded = async () => (await runtime.memory()).engine?.is_loaded;
    expect(growthsOf(await eventsOf(runtime, LONG.repeat(4)))).toEqual([[4096, 8192]]);
    await expect.poll(isLoaded, { timeout: 20_000 }).toBe(false);
    expect(runtime.agent.engine.contextTokens).toBe(4096);
    const events = await eventsOf(runtime, "and now?");
    expect(leftOf(events)).toBe(0);
    expect(growthsOf(events)).toEqual([[4096, 8192]]);
    await expect.poll(isLoaded, { timeout: 20_000 }).toBe(false);
    runtime.reset();
    expect(growthsOf(await eventsOf(runtime, "hello"))).toEqual([]);
    expect(await contextOf(runtime)).toBe(4096);
  }, 90_000);

  test("keeps all conversations when one of them makes it grow", async () => {
    const agent = await openAgent(await configOf());
    onTestFinished(() => agent.close());
    const long = await agent.converse();
    const short = await agent.converse();
    await eventsOf(short, "hello");
    const grown: number[][] = [];
    for (let turn = 0; turn < 4; turn++) {
      const [one, other] = await Promise.all([eventsOf(long, LONG), eventsOf(short, "and now?")]);
      grown.push(...growthsOf(one));
      expect(growthsOf(other)).toEqual([]);
      expect(leftOf([...one, ...other])).toBe(0);
    }
    expect(grown).toEqual([[4096, 8192]]);
    expect(short.history).toHaveLength(10);
  });
});

const realModel = process.env.NANOAGENT_TEST_MODEL;
const named = realModel === undefined ? "(set NANOAGENT_TEST_MODEL to run it)" : "";
describe.skipIf(!hasAddon || realModel === undefined)(`a real model ${named}`, () => {
  test("grows for a document and keeps its state", async () => {
    const config = await configOf({ session: { dir: await temporaryFolder() }, model_path: realModel });
    const spec = { name: "real", max_memory_mb: 2500, max_model_size_mb: 2500 };
    const runtime = await load({ ...config, spec, device: { ...device, memory_mb: 8192 } });
    const before = usageOf(await eventsOf(runtime, `My dog is called Bruno. ${"The sun is up. ".repeat(40)}`));
    expect(await contextOf(runtime)).toBe(4096);
    const events = await eventsOf(runtime, `${"It is a calm day. ".repeat(500)}What is my dog called?`);
    expect(growthsOf(events)).toEqual([[4096, 8192]]);
    const usage = usageOf(events);
    expect(usage.prompt_tokens).toBeGreaterThan(3100);
    expect(usage.cached_prompt_tokens).toBeGreaterThanOrEqual(before.prompt_tokens + before.completion_tokens - 9);
    expect(leftOf(events)).toBe(0);
  }, 600_000);
});
