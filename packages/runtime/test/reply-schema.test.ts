import { NanoRuntime, openAgent } from "@nanoagent/runtime";
import { ScriptedEngine, type ScriptedReply } from "@nanoagent/runtime/testing";
import { expect, test } from "vitest";
import { sampleConfig } from "./sample-config.js";

const responseSchema = {
  type: "object",
  properties: { bed: { type: "integer", minimum: 1 } },
  required: ["bed"],
  additionalProperties: false,
};

async function ask(reply: ScriptedReply, schema: object = responseSchema) {
  const engine = new ScriptedEngine([reply]);
  await using runtime = new NanoRuntime({ engine });
  await runtime.load(sampleConfig());
  const { content } = await runtime.process("which bed", { responseSchema: schema, sampling: { seed: 1 } });
  return { content, request: engine.requests[0] };
}

test("the schema and the sampling reach the engine, and a valid reply reaches the caller", async () => {
  const { content, request } = await ask('{"bed": 3}');
  expect(JSON.parse(content)).toEqual({ bed: 3 });
  expect(request).toMatchObject({ responseSchema, sampling: { seed: 1 } });
});

test("a Standard Schema that carries a JSON Schema is accepted", async () => {
  const standard = {
    "~standard": {
      version: 1,
      vendor: "test",
      validate: () => ({ value: 0 }),
      jsonSchema: { input: () => responseSchema },
    },
  };
  expect((await ask('{"bed": 3}', standard)).request?.responseSchema).toEqual(responseSchema);
});

test.each(['{"bed": 0}', '{"bed": "3"}', "{}", '{"bed": 3, "more": 1}', "bed 3", '{"bed": 3'])(
  "an invalid reply is an error: %s",
  async (reply) => {
    await expect(ask(reply)).rejects.toMatchObject({ code: "reply-not-valid" });
  },
);

test.each([{ "~standard": { version: 1, vendor: "test", validate: () => ({ value: 0 }) } }, []])(
  "other values are rejected",
  async (schema) => {
    await expect(ask("{}", schema)).rejects.toMatchObject({ code: "schema-not-supported" });
  },
);

test.each(["auto", "required"] as const)(
  "a call of the caller's tools needs no reply of the schema: %s",
  async (choice) => {
    const call = { id: "c1", name: "switch_light", arguments: { on: true } };
    const engine = new ScriptedEngine([
      { deltas: choice === "auto" ? ["One moment."] : [], calls: [call] },
      '{"bed": 3}',
    ]);
    await using agent = await openAgent(sampleConfig(), { engine });
    const conversation = await agent.converse();
    const tools = [{ name: "switch_light", description: "Switches the light.", inputSchema: { type: "object" } }];
    const options = { responseSchema, callerTools: { tools, choice } };
    const events = [];
    for await (const event of conversation.stream("light", options)) events.push(event);
    expect(events.at(-1)).toMatchObject({ type: "run-end", reason: "tool-calls", calls: [call] });
    const results = [{ tool_call_id: "c1", content: "done" }];
    const answered = conversation.process({ role: "tool", results }, { responseSchema, callerTools: { tools } });
    expect((await answered).content).toBe('{"bed": 3}');
  },
);
