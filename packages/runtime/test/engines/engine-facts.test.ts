import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import type { FitPlan, FitPlanner, FitRequest } from "@nanoagent/models";
import { NanoAgentConfig } from "@nanoagent/models";
import { defineTool, type Engine, type EngineFacts, NanoRuntime, openAgent } from "@nanoagent/runtime";
import { HostedEngine, LlamaEngine } from "@nanoagent/runtime/engines/llama";
import { ScriptedEngine } from "@nanoagent/runtime/testing";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { engineFactNames, factsOf } from "../../src/engines/engine-facts.js";
import { openLlamaEngine } from "../../src/engines/llama/open-llama-engine.js";
import { sampleConfig, sampleDevice } from "../sample-config.js";
import { hasAddon, tinyModel } from "./llama/tiny-model.js";

/** A value for each fact, unlike the values of any built-in engine. */
const odd: Required<EngineFacts> = {
  name: "odd",
  contextTokens: 777,
  longestContextTokens: 888,
  trainedTokens: 999,
  notices: ["An odd notice."],
  callsTools: false,
  parameters: 123,
  callForm: { name: "odd calls", reason: "it is odd" },
};

test("factsOf copies every fact of an engine", () => {
  expect(engineFactNames.toSorted()).toEqual(Object.keys(odd).toSorted());
  expect(factsOf(Object.assign(Object.create(ScriptedEngine.prototype), odd))).toEqual(odd);
});

test("an app gets an engine's notices, including late ones, and a notice about tools that are not called", async () => {
  const engine: Engine = Object.assign(new ScriptedEngine(), { callsTools: false, notices: ["One."] });
  const tool = defineTool({
    name: "a",
    description: "Does a.",
    input: { type: "object", properties: {} },
    changesWorld: false,
    run: () => "done",
  });
  const runtime = new NanoRuntime({ engine, tools: [tool] });
  await runtime.load(sampleConfig());
  expect(runtime.notices).toEqual(expect.arrayContaining(["One.", expect.stringContaining("cannot call tools")]));
  Object.assign(engine, { notices: ["One.", "Two."] });
  expect(runtime.notices).toContain("Two.");
  await runtime.unload();
});

test("an agent that answers by rules calls no tools, and says nothing about those of its intents", async () => {
  const tool = defineTool({
    name: "a",
    description: "Does a.",
    input: { type: "object", properties: {} },
    changesWorld: false,
    run: () => "done",
  });
  const intents = { definitions: [{ name: "a", sentences: ["do it"], tool: "a" }] };
  const config = { spec: { name: "a", capabilities: ["a"] }, device: sampleDevice, intents };
  await using agent = await openAgent(config, { tools: [tool] });
  expect(agent.engine).toMatchObject({ name: "rules", callsTools: false });
  expect(agent.notices).toEqual([]);
  const { content } = await (await agent.converse()).process("do it");
  expect(content).toBe("done");
});

describe.skipIf(!hasAddon)("a model without memory for grammars (needs llama.cpp's package)", () => {
  let bare: EngineFacts;
  let modelPath: string;
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), "nanoagent-test-"));
    const options = await tinyModel({}, { constrainsOutput: false }, folder);
    modelPath = options.modelPath;
    const engine = await LlamaEngine.open(options);
    bare = factsOf(engine);
    await engine.close();
  });
  const opened: Engine[] = [];
  afterAll(async () => {
    await Promise.all(opened.map((engine) => engine.close()));
    await rm(folder, { recursive: true });
  });

  /** Plans like the optimizer, but with no memory for grammars. */
  const planner: FitPlanner = {
    planFit: async (request: FitRequest): Promise<FitPlan> => {
      const { planHeader, readGguf } = await import("@nanoagent/optimizer");
      expect(request.constrains_output).toBe("auto");
      return planHeader(await readGguf(request.model_path), { ...request, constrains_output: false });
    },
  };

  const configOf = (isolation: "process" | "none") =>
    sampleConfig({ device: { ...sampleDevice, cpu_cores: 1 }, model_path: modelPath, engine: { isolation } });

  test("reports that it calls no tools", () => {
    expect(bare.callsTools).toBe(false);
    expect(bare.notices).toEqual([expect.stringContaining("schema")]);
  });

  const wrapped: Record<string, () => Promise<Engine>> = {
    "in a process": async () => {
      const options = await tinyModel({}, { constrainsOutput: false });
      return HostedEngine.open({ start: { source: { kind: "llama", options } } });
    },
    "within a budget": async () =>
      openLlamaEngine({ ...NanoAgentConfig.parse(configOf("process")), model_path: modelPath }, { planner }),
    "in the program's own process": async () =>
      openLlamaEngine({ ...NanoAgentConfig.parse(configOf("none")), model_path: modelPath }, { planner }),
  };
  test.each(Object.entries(wrapped))("states every fact %s", async (_, open) => {
    const engine = await open();
    opened.push(engine);
    // The form of its calls is determined while it is idle.
    await vi.waitFor(() => expect(engine.callForm).toEqual(bare.callForm), { timeout: 20_000 });
    const { notices, trainedTokens, parameters, longestContextTokens, ...facts } = factsOf(engine);
    // The context already has the model's trained length.
    expect(longestContextTokens ?? null).toBeNull();
    // Only engines that read the file's header know these two.
    expect([undefined, null, 512]).toContain(trainedTokens);
    const { readModel } = await import("@nanoagent/optimizer");
    expect([undefined, null, (await readModel(modelPath)).parameter_count]).toContain(parameters);
    const { notices: ownNotices = [], ...others } = bare;
    expect(facts).toEqual(others);
    expect(notices).toEqual(expect.arrayContaining([...ownNotices]));
  });

  test.each(["process", "none"] as const)("is reported by the runtime (isolation %s)", async (isolation) => {
    const runtime = new NanoRuntime({ planner });
    await runtime.load(configOf(isolation));
    expect(runtime.notices).toEqual(expect.arrayContaining([...(bare.notices ?? [])]));
    await runtime.unload();
  });

  test("in a process reports its call form after startup if it takes a while, with the same result", async () => {
    const chatTemplate =
      "{% if tools %}{{ tools | tojson }}{% endif %}{% for m in messages %}<{{ m.role }}>{{ m.content }}" +
      "{% for c in m.tool_calls or [] %}<tool_call>{{ c.function | tojson }}</tool_call>{% endfor %}</s>{% endfor %}";
    const options = { ...(await tinyModel({}, { constrainsOutput: false }, folder)), chatTemplate };
    const alone = await LlamaEngine.open(options);
    opened.push(alone);
    expect(alone.learnsCallForm).toBe(true);
    const hosted = await HostedEngine.open({ start: { source: { kind: "llama", options } } });
    opened.push(hosted);
    await vi.waitFor(() => expect(hosted.callForm).toEqual(alone.callForm), 10_000);
    expect(alone.learnsCallForm).toBe(false);
  });
});
