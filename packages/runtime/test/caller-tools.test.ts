import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { type AgentEvent, defineTool, type EngineTool, openAgent } from "@nanoagent/runtime";
import { ScriptedEngine } from "@nanoagent/runtime/testing";
import { describe, expect, test } from "vitest";

const device = { device_id: "d", platform: "linux-aarch64", memory_mb: 512, cpu_cores: 2 };
const spec = { name: "greenhouse", capabilities: ["read_soil"] };
const light: EngineTool = {
  name: "switch_light",
  description: "Switches the light.",
  inputSchema: { type: "object", properties: { on: { type: "boolean" } }, required: ["on"] },
};
const callerTools = { tools: [light] };
const soil = defineTool({
  name: "read_soil",
  description: "Reads the soil.",
  input: { type: "object", properties: {} },
  changesWorld: false,
  run: () => "41 %",
});
const call = (id: string, name: string, input: unknown) => ({ id, name, arguments: input });

async function all(events: AsyncIterable<AgentEvent>): Promise<AgentEvent[]> {
  const list: AgentEvent[] = [];
  for await (const event of events) list.push(event);
  return list;
}

describe("a tool that the caller runs", () => {
  test("ends the turn with its call, and the results continue it", async () => {
    const engine = new ScriptedEngine([
      { deltas: ["One moment."], calls: [call("c1", "switch_light", { on: true })] },
      "The light is on.",
    ]);
    await using agent = await openAgent({ spec, device }, { engine });
    const conversation = await agent.converse();
    const events = await all(conversation.stream("light, please", { callerTools }));
    expect(events.find(({ type }) => type === "tool-call")).toEqual({
      type: "tool-call",
      id: "c1",
      name: "switch_light",
      arguments: { on: true },
      for_caller: true,
    });
    expect(events.at(-1)).toMatchObject({
      type: "run-end",
      reason: "tool-calls",
      reply: { role: "assistant", content: "One moment." },
      calls: [{ id: "c1", name: "switch_light", arguments: { on: true } }],
    });
    const results = [{ tool_call_id: "c1", content: "done" }];
    const last = (await all(conversation.stream({ role: "tool", results }, { callerTools }))).at(-1);
    expect(last).toMatchObject({ type: "run-end", reason: "stop", reply: { content: "The light is on." } });
    expect(conversation.history.map(({ role }) => role)).toEqual(["user", "assistant", "tool", "assistant"]);
    expect(engine.requests[1]?.messages.map(({ role }) => role)).toEqual(["user", "assistant", "tool"]);
  });

  test("is called after the agent's own tools of the same step were run", async () => {
    const engine = new ScriptedEngine([
      { calls: [call("c1", "switch_light", { on: true }), call("c2", "read_soil", {})] },
      "41 %, and the light is on.",
    ]);
    await using agent = await openAgent({ spec, device }, { engine, tools: [soil] });
    const conversation = await agent.converse();
    const events = await all(conversation.stream("light and soil", { callerTools }));
    expect(events.flatMap((event) => (event.type === "tool-result" ? [event.content] : []))).toEqual(["41 %"]);
    expect(events.at(-1)).toMatchObject({ calls: [{ id: "c1" }] });
    await conversation.process({ role: "tool", results: [{ tool_call_id: "c1", content: "ok" }] }, { callerTools });
    expect(engine.requests[1]?.messages.map(({ content }) => content)).toEqual(["light and soil", "", "41 %", "ok"]);
    expect(engine.requests[1]?.tools?.map(({ name }) => name)).toEqual(["switch_light", "read_soil"]);
  });

  test("is the only kind offered when one must be called, and text is then an error", async () => {
    const engine = new ScriptedEngine(["no"]);
    await using agent = await openAgent({ spec, device }, { engine, tools: [soil] });
    const conversation = await agent.converse();
    const events = await all(conversation.stream("light", { callerTools: { ...callerTools, choice: "required" } }));
    expect(events.at(-1)).toMatchObject({ type: "error", error: { code: "call-missing" } });
    expect(engine.requests[0]).toMatchObject({ toolChoice: "forced", tools: [{ name: "switch_light" }] });
  });

  test("keeps its calls in the session", async () => {
    const session = { dir: path.join(mkdtempSync(path.join(tmpdir(), "nanoagent-test-")), "session") };
    const engine = new ScriptedEngine([{ calls: [call("c1", "switch_light", { on: true })] }, "It is on."]);
    await using agent = await openAgent({ spec, device }, { engine });
    const first = await agent.converse({ session });
    await all(first.stream("light", { callerTools }));
    await first.close();
    const second = await agent.converse({ session });
    await second.process({ role: "tool", results: [{ tool_call_id: "c1", content: "done" }] }, { callerTools });
    expect(second.history.map(({ role }) => role)).toEqual(["user", "assistant", "tool", "assistant"]);
    expect(engine.requests[1]?.messages[1]?.tool_calls).toEqual([
      { id: "c1", name: "switch_light", arguments: { on: true } },
    ]);
  });
});

test("instructions of a turn follow those of the agent", async () => {
  const engine = new ScriptedEngine();
  await using agent = await openAgent({ spec, device, instructions: "Be brief." }, { engine });
  const conversation = await agent.converse();
  await conversation.process("hello", { instructions: "It is noon." });
  await conversation.process("hello");
  expect(engine.requests.map(({ instructions }) => instructions)).toEqual(["Be brief.\n\nIt is noon.", "Be brief."]);
});

test("a turn may decide about permissions by itself", async () => {
  const asked: string[] = [];
  const engine = new ScriptedEngine([{ calls: [call("c1", "water", {})] }, "done"]);
  const water = defineTool({
    name: "water",
    description: "Waters.",
    input: { type: "object", properties: {} },
    run: () => "watered",
  });
  const config = { spec: { name: "a", capabilities: ["water"] }, device };
  await using agent = await openAgent(config, { engine, tools: [water], onPermission: () => false });
  const conversation = await agent.converse();
  const events = await all(
    conversation.stream("water", {
      onPermission: ({ tool }) => {
        asked.push(tool);
        return true;
      },
    }),
  );
  expect(asked).toEqual(["water"]);
  expect(events.find(({ type }) => type === "tool-result")).toMatchObject({ content: "watered" });
});

test("generate sends a request to the engine as it is", async () => {
  const engine = new ScriptedEngine(["hi"]);
  const agent = await openAgent({ spec, device, instructions: "Be brief." }, { engine });
  const request = { instructions: null, messages: [{ role: "user", content: "hello" }] } as const;
  const events = [];
  for await (const event of agent.generate(request)) events.push(event.type);
  expect(events).toEqual(["text-delta", "usage", "end"]);
  expect(engine.requests[0]?.instructions).toBeNull();
  await agent.close();
  for await (const event of agent.generate(request)) expect(event).toMatchObject({ error: { code: "not-loaded" } });
});
