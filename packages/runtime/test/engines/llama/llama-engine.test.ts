import { mkdtemp, rename, rm, truncate } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { type EngineEvent, type EngineRequest, NanoRuntime, type TokenUsage } from "@nanoagent/runtime";
import { HostedEngine, type LlamaEngineOptions } from "@nanoagent/runtime/engines/llama";
import { testEngine } from "@nanoagent/runtime/testing";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { validateJson } from "../../../src/json-schema/validate-json.js";
import { sampleConfig } from "../../sample-config.js";
import { temporaryFolder } from "../../temporary-folder.js";
import { wholeTurns } from "../../whole-turns.js";
import { schemaCase } from "./grammar/schema-case.js";
import { hasAddon, tinyModel } from "./tiny-model.js";

const open = (options: LlamaEngineOptions): Promise<HostedEngine> =>
  HostedEngine.open({ start: { source: { kind: "llama", options } } });

async function ask(
  engine: HostedEngine,
  request: Partial<EngineRequest> & Pick<EngineRequest, "messages">,
): Promise<EngineEvent[]> {
  const events: EngineEvent[] = [];
  for await (const event of engine.generate({ instructions: null, ...request })) events.push(event);
  return events;
}

const MOST_TOKENS_OF_A_CHARACTER = 8;
const user = (content: string) => ({ role: "user" as const, content });
const textOf = (events: EngineEvent[]) =>
  events.map((event) => (event.type === "text-delta" || event.type === "reasoning-delta" ? event.text : "")).join("");
const usageOf = (events: EngineEvent[]): TokenUsage =>
  events.flatMap((event) => (event.type === "usage" ? [event.usage] : []))[0] ?? expect.fail(JSON.stringify(events));

/**
 * Number of tokens that a conversation that continues from this reply need not evaluate again. The last token was not
 * evaluated, and the tokens of an incomplete character may be evaluated again.
 */
function evaluatedBy(events: EngineEvent[]): number {
  const { prompt_tokens, completion_tokens } = usageOf(events);
  return prompt_tokens + completion_tokens - MOST_TOKENS_OF_A_CHARACTER - 1;
}

describe.skipIf(!hasAddon)("a random-weight model (needs llama.cpp's package)", () => {
  let folder: string;
  let options: LlamaEngineOptions;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), "nanoagent-test-"));
    options = await tinyModel({}, {}, folder);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  testEngine(async () => open(options), test, { forcesCalls: true });

  test("evaluates only the new part of a conversation", async () => {
    const engine = await open(options);
    const sampling = { maxTokens: 24, temperature: 1, seed: 3 };
    const first = await ask(engine, { messages: [user("one two three four")], sampling });
    const said = { role: "assistant" as const, content: textOf(first) };
    const messages = [user("one two three four"), said, user("five")];
    const usage = usageOf(await ask(engine, { messages, sampling }));
    // Everything except the last token, after which nothing was evaluated yet.
    expect(usage.cached_prompt_tokens).toBeGreaterThanOrEqual(evaluatedBy(first));
    // Repeated with the same or another question, earlier messages are not evaluated again.
    const instead = usageOf(await ask(engine, { messages: [...messages.slice(0, 2), user("six")], sampling }));
    expect(instead.cached_prompt_tokens).toBeGreaterThanOrEqual(evaluatedBy(first));
    // After turns were dropped, the remaining beginning is still cached.
    const dropped = usageOf(await ask(engine, { instructions: "Be brief.", messages, sampling }));
    const again = usageOf(await ask(engine, { instructions: "Be brief.", messages: messages.slice(2), sampling }));
    expect(dropped.cached_prompt_tokens).toBeLessThan(dropped.prompt_tokens);
    expect(again.cached_prompt_tokens).toBeGreaterThan(0);
    await engine.close();
  });

  test("restores its evaluated tokens after a restart", async () => {
    const stateFile = path.join(await temporaryFolder(), "state");
    const sampling = { maxTokens: 24, temperature: 1, seed: 3 };
    const messages = [user("the quick brown fox jumps over the lazy dog ".repeat(4))];
    const first = await open({ ...options, stateFile });
    const read = await ask(first, { messages, sampling });
    const longer = [...messages, { role: "assistant" as const, content: textOf(read) }, user("and then?")];
    await first.close();

    const second = await open({ ...options, stateFile });
    const restored = usageOf(await ask(second, { messages: longer, sampling }));
    expect(restored.cached_prompt_tokens).toBeGreaterThanOrEqual(evaluatedBy(read));
    expect(await second.saveState()).toBeGreaterThan(1000);
    await second.close();
  });

  test.each(["truncated", "of another model"])("a state that is %s is ignored", async (how) => {
    const stateFile = path.join(await temporaryFolder(), "state");
    const first = await open({ ...options, stateFile });
    await ask(first, { messages: [user("hello there")], sampling: { maxTokens: 4 } });
    await first.close();
    let second = { ...options, stateFile };
    if (how === "truncated") await truncate(`${stateFile}.kv`, 100);
    else second = { ...(await tinyModel({ seed: 2 })), stateFile };
    const engine = await open(second);
    const events = await ask(engine, { messages: [user("hello there")], sampling: { maxTokens: 4 } });
    expect(usageOf(events).cached_prompt_tokens).toBe(0);
    await engine.close();
  });

  test("a reply that ends by itself always satisfies the schema", async () => {
    const engine = await open(options);
    let stopped = 0;
    await fc.assert(
      fc.asyncProperty(schemaCase, fc.integer({ min: 0, max: 2 ** 31 }), async ({ schema }, seed) => {
        const events = await ask(engine, {
          messages: [user("Answer.")],
          responseSchema: schema as object,
          sampling: { seed, temperature: 1.5, maxTokens: 200 },
        });
        const last = events.at(-1);
        if (last?.type === "end" && last.reason === "stop") {
          stopped += 1;
          expect(validateJson(schema, JSON.parse(textOf(events)))).toEqual({ valid: true });
        } else if (last?.type === "error") {
          expect(last.error.code).toMatch(/^(schema-not-supported|engine-failed)$/);
        } else {
          expect(last).toEqual({ type: "end", reason: "length" });
        }
      }),
      { numRuns: process.env.NANOAGENT_SOAK ? 1000 : 60 },
    );
    expect(stopped).toBeGreaterThan(10);
    await engine.close();
  }, 600_000);

  test.each([
    ["long", "{% for i in range(1000000000) %}{{ messages[0].content }}{% endfor %}"],
    ["nested", "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}"],
  ])("an endless template (%s) is stopped, reported and replaced", async (_, chatTemplate) => {
    const engine = await open({ ...options, chatTemplate });
    const events = await ask(engine, { messages: [user("hello")], sampling: { maxTokens: 4 } });
    expect(events.at(-1)).toMatchObject({ type: "end" });
    expect(engine.notices).toMatchObject([expect.stringMatching(/chat template cannot be used: .*too (many|long)/)]);
    await engine.close();
  });

  test("without memory for a grammar, a schema is rejected before any text", async () => {
    const engine = await open({ ...options, constrainsOutput: false });
    expect(engine.notices).toHaveLength(1);
    const responseSchema = { type: "object", properties: {}, additionalProperties: false };
    expect(await ask(engine, { messages: [user("hello")], responseSchema })).toMatchObject([
      { type: "error", error: { code: "schema-not-supported" } },
    ]);
    await engine.close();
  });

  test("replacing or deleting the file does not affect a loaded model", async () => {
    const own = await tinyModel();
    const engine = await open(own);
    const request = { messages: [user("hello")], sampling: { maxTokens: 8, temperature: 0 } };
    const before = textOf(await ask(engine, request));
    const other = await tinyModel({ seed: 9 });
    await rename(other.modelPath, own.modelPath);
    expect(textOf(await ask(engine, request))).toBe(before);
    await rm(own.modelPath);
    expect(textOf(await ask(engine, request))).toBe(before);
    await engine.close();
  });

  const kills = process.env.NANOAGENT_SOAK ? 50 : 5;
  test(`${kills} kills of the real engine at random moments keep acknowledged messages, and the next message works`, async () => {
    const engine = await open(options);
    await using runtime = new NanoRuntime({ engine });
    await runtime.load(sampleConfig());
    const acknowledged: string[] = [];
    const sampling = { maxTokens: 30 };
    for (let round = 0; round < kills; round++) {
      const processId = await engine.processId();
      const turn = runtime.process(`message ${round}`, { sampling });
      const killed = new Promise<void>((resolve) => {
        setTimeout(() => {
          if (processId !== null) kill(processId);
          resolve();
        }, Math.random() * 60);
      });
      const reply = await turn.catch((error) => {
        expect(error).toMatchObject({ code: "engine-crashed" });
        return null;
      });
      if (reply !== null) acknowledged.push(`message ${round}`, reply.content);
      // A late kill must not affect the last message.
      await killed;
      const next = await runtime.process(`after ${round}`, { sampling }).catch(() => null);
      if (next !== null) acknowledged.push(`after ${round}`, next.content);
    }
    acknowledged.push("at last", (await runtime.process("at last", { sampling })).content);
    expect(wholeTurns(runtime.history)).toEqual(acknowledged);
    await engine.close();
  }, 300_000);
});

function kill(processId: number): void {
  try {
    process.kill(processId, "SIGKILL");
  } catch {
    // The process had already ended.
  }
}
