import type { NanoAgentConfigInput } from "@nanoagent/models";
import { type AgentEvent, defineTool, NanoRuntime, type NanoRuntimeOptions } from "@nanoagent/runtime";
import { ScriptedEngine } from "@nanoagent/runtime/testing";
import { describe, expect, test } from "vitest";
import { sampleConfig } from "../sample-config.js";

const intents: NanoAgentConfigInput["intents"] = {
  slots: { zone: ["north", "south"] },
  definitions: [
    {
      name: "water_bed",
      sentences: { en: ["water [the] {zone} [bed]"], de: ["{zone} gießen"] },
      tool: "valve",
      answer: { en: "Watering {zone}: {result.litres} l.", de: "{zone} wird gegossen." },
      failure: "No water: {error}",
    },
    { name: "thank", sentences: ["thanks"], answer: "You are welcome." },
    { name: "raw", sentences: ["look at {zone}"], tool: "valve" },
  ],
};
const valve = defineTool<{ zone: string }>({
  name: "valve",
  description: "Opens a valve.",
  input: { type: "object", properties: { zone: { type: "string" } }, required: ["zone"], additionalProperties: false },
  permission: "always",
  run: ({ zone }) => {
    if (zone === "south") throw new Error("\u001b[2Jno pressure");
    return { litres: 12 };
  },
});

async function loaded(options: NanoRuntimeOptions, changes: Partial<NanoAgentConfigInput> = { intents }) {
  const runtime = new NanoRuntime(options);
  await runtime.load(sampleConfig(changes));
  return runtime;
}

describe("a sentence that matches an intent", () => {
  test("is answered without the engine, in its language, and is kept in the history", async () => {
    const engine = new ScriptedEngine(["from the engine"]);
    await using runtime = await loaded({ engine, tools: [valve] });
    expect((await runtime.process("Water the North bed!")).content).toBe("Watering north: 12 l.");
    expect((await runtime.process("north gießen")).content).toBe("north wird gegossen.");
    expect((await runtime.process("thanks")).content).toBe("You are welcome.");
    expect((await runtime.process("look at north")).content).toBe('{"litres":12}');
    expect(engine.requests).toEqual([]);
    expect((await runtime.process("something else")).content).toBe("from the engine");
    expect(runtime.history).toHaveLength(10 + 3 * 2);
    // The call stays between the message and the reply, and the engine sees it later.
    expect(engine.requests[0]?.messages.slice(0, 4)).toMatchObject([
      { role: "user", content: "Water the North bed!" },
      { role: "assistant", content: "", tool_calls: [{ name: "valve", arguments: { zone: "north" } }] },
      { role: "tool", content: '{"litres":12}', tool_call_id: expect.stringMatching(/^intent-/) },
      { role: "assistant", content: "Watering north: 12 l." },
    ]);
  });

  test("emits the same events as a reply of the engine", async () => {
    await using runtime = await loaded({ tools: [valve] });
    const events: AgentEvent[] = [];
    for await (const event of runtime.stream("water north")) events.push(event);
    expect(events.map(({ type }) => type)).toEqual([
      "run-start",
      "tool-call",
      "tool-result",
      "text-delta",
      "step-end",
      "run-end",
    ]);
    expect(events[1]).toMatchObject({ name: "valve", arguments: { zone: "north" } });
    expect(events[2]).toMatchObject({ name: "valve", content: '{"litres":12}', is_error: false });
  });

  test("reports that its tool failed or may not run", async () => {
    await using runtime = await loaded({ tools: [valve] });
    expect((await runtime.process("water south")).content).toBe("No water: The tool valve failed: no pressure");
    await using refused = await loaded({ tools: [{ ...valve, permission: "ask" }] });
    expect((await refused.process("water north")).content).toBe("No water: The tool valve was not allowed to run.");
    expect(await failureOf(runtime, "water south")).toBe("failed");
    expect(await failureOf(runtime, "water north")).toBeUndefined();
    expect(await failureOf(refused, "water north")).toBe("not-permitted");
  });

  test("goes to the engine where a structured reply is requested", async () => {
    const engine = new ScriptedEngine(['"thanks"']);
    await using runtime = await loaded({ engine, tools: [valve] });
    expect((await runtime.process("thanks", { responseSchema: { type: "string" } })).content).toBe('"thanks"');
  });

  test("leaves nothing in the history when it is aborted", async () => {
    const slow = { ...valve, run: () => new Promise(() => {}) };
    await using runtime = await loaded({ tools: [slow] });
    const turn = new AbortController();
    setTimeout(() => turn.abort(), 10);
    await expect(runtime.process("water north", { signal: turn.signal })).rejects.toMatchObject({ code: "aborted" });
    expect(runtime.history).toEqual([]);
    expect((await runtime.process("thanks")).content).toBe("You are welcome.");
  });
});

describe("without an engine", () => {
  test("an agent with intents lists them instead of asking for more detail", async () => {
    await using runtime = await loaded({ tools: [valve] });
    const help = "I don't understand that. This is what I know: water bed, thank, raw.";
    expect((await runtime.process("make tea")).content).toBe(help);
    expect((await runtime.process("please would you make me some tea now")).content).toBe(help);
    expect((await runtime.process("hello")).content).toBe("Hello from field-assistant! How can I assist?");
    expect((await runtime.process("status")).content).toMatch(/^Runtime status: OK\./);
  });

  test("uses the config's reply in the language of the message", async () => {
    const definitions = [
      { name: "a", sentences: { en: ["turn on the lamp"], de: ["mach das Licht an"] }, answer: "a" },
    ];
    const fallback = { en: "Ask for the lamp.", de: "Ich kenne nur das Licht." };
    await using runtime = await loaded({}, { intents: { definitions, fallback } });
    expect((await runtime.process("Mach DAS Radio an")).content).toBe("Ich kenne nur das Licht.");
    expect((await runtime.process("turn the radio on")).content).toBe("Ask for the lamp.");
    expect((await runtime.process("tea")).content).toBe("Ask for the lamp.");
  });

  test("the language of a message that the app knows is that of the reply", async () => {
    await using lists = await loaded({ tools: [valve] });
    const said = async (language?: string) => (await lists.process("tea", { language })).content;
    expect(await said("de-CH")).toBe("Das verstehe ich nicht. Das hier kenne ich: water bed, thank, raw.");
    expect(await said("xx")).toMatch(/^I don't understand that\./);
    expect(await said()).toMatch(/^I don't understand that\./);
    const definitions = [{ name: "a", sentences: { en: ["turn on the lamp"] }, answer: "a" }];
    const fallback = { en: "Ask for the lamp.", pt_BR: "Peça a lâmpada." };
    await using replies = await loaded({}, { intents: { definitions, fallback } });
    expect((await replies.process("turn the radio on", { language: "pt" })).content).toBe("Peça a lâmpada.");
    expect((await replies.process("turn the radio on", { language: "fr" })).content).toBe("Ask for the lamp.");
  });

  test("the end of a turn says when no rule understood the message", async () => {
    const fallback = { ...intents, fallback: "Ask for water." } as typeof intents;
    for (const changes of [{ intents }, { intents: fallback }]) {
      await using runtime = await loaded({ tools: [valve] }, changes);
      const isUnderstood: Record<string, boolean> = {};
      for (const message of ["make tea", "hello", "status", "thanks", "water north"]) {
        for await (const event of runtime.stream(message)) {
          if (event.type === "run-end") isUnderstood[message] = event.not_understood !== true;
        }
      }
      expect(isUnderstood).toEqual({ "make tea": false, hello: true, status: true, thanks: true, "water north": true });
    }
  });

  test("with a fallback, a question that greets or names a status gets the fallback", async () => {
    const definitions = [{ name: "a", sentences: { en: ["turn on the lamp"] }, answer: "a" }];
    await using runtime = await loaded({}, { intents: { definitions, fallback: "Ask for the lamp." } });
    expect((await runtime.process("what is the status of the lift?")).content).toBe("Ask for the lamp.");
    expect((await runtime.process("Hi, where is the exit?")).content).toBe("Ask for the lamp.");
    expect((await runtime.process("hi there")).content).toMatch(/^Hello from /);
    expect((await runtime.process("status")).content).toMatch(/^Runtime status: OK\./);
  });

  test.each<[string, string[], string, string]>([
    ["its only language", ["de"], "Tee bitte", "Das verstehe ich nicht. Das hier kenne ich: lamp."],
    ["a language with a region", ["fr-CH"], "du thé", "Je ne comprends pas. Voici ce que je connais : lamp."],
    [
      "the language of the message's words",
      ["en", "sv"],
      "sv tänd radion",
      "Det förstår jag inte. Det här känner jag till: lamp.",
    ],
    ["its first language", ["pt_BR", "sv"], "?", "Não entendo. Isto é o que conheço: lamp."],
    ["English for one that it does not speak", ["sw"], "chai", "I don't understand that. This is what I know: lamp."],
    [
      "English for a name that is not a language",
      ["constructor"],
      "chai",
      "I don't understand that. This is what I know: lamp.",
    ],
  ])("an agent without a configured reply uses %s", async (_, languages, message, reply) => {
    const sentences = Object.fromEntries(languages.map((language) => [language, [`${language} tänd lampan`]]));
    await using runtime = await loaded({}, { intents: { definitions: [{ name: "lamp", sentences, answer: "a" }] } });
    expect((await runtime.process(message)).content).toBe(reply);
  });

  test("an agent with tools only lists the tools", async () => {
    const tools = [{ name: "read_sensor", description: "Reads.", command: ["true"] }];
    await using runtime = await loaded({}, { tools });
    expect((await runtime.process("make tea")).content).toBe(
      "I don't understand that. This is what I know: read sensor.",
    );
  });
});

test("runs a config's command for an intent and puts its result into the answer", async () => {
  await using runtime = await loaded(
    {},
    {
      intents: {
        slots: { n: { from: 1, to: 9 } },
        definitions: [{ name: "add", sentences: ["add {n}"], tool: "add", answer: "It is {result}." }],
      },
      tools: [
        {
          name: "add",
          description: "Adds.",
          command: [process.execPath, "-p", "1 + Number(process.argv[1])", "{n}"],
          arguments: { n: { type: "integer" } },
          changes_world: false,
        },
      ],
    },
  );
  expect((await runtime.process("add 4")).content).toBe("It is 5.");
});

test("refuses to load an agent with invalid intents or tools", async () => {
  const faulty = { definitions: [{ name: "a", sentences: ["(a"], answer: "a" }] };
  await expect(loaded({}, { intents: faulty })).rejects.toMatchObject({ code: "invalid-intents" });
  await expect(loaded({}, { intents })).rejects.toMatchObject({
    code: "invalid-intents",
    message: expect.stringContaining('intents.definitions.0.tool: there is no tool named "valve"'),
  });
  await expect(loaded({ tools: [valve, valve] })).rejects.toMatchObject({ code: "invalid-tool" });
  const command = { name: "valve", description: "a", command: ["{x}"] };
  await expect(loaded({}, { tools: [command] })).rejects.toMatchObject({ code: "invalid-tool" });
});

describe("an engine", () => {
  const calls = (name: string, zone: string) => ({ calls: [{ id: "1", name, arguments: { zone } }] });

  test("gets the tools and their results", async () => {
    const engine = new ScriptedEngine([calls("valve", "north"), "Done."]);
    await using runtime = await loaded({ engine, tools: [valve] }, {});
    expect((await runtime.process("open the valve")).content).toBe("Done.");
    expect(engine.requests[0]?.tools).toEqual([
      { name: "valve", description: "Opens a valve.", inputSchema: valve.inputSchema, changesWorld: true },
    ]);
    expect(engine.requests[1]?.messages.at(-1)).toMatchObject({ role: "tool", content: '{"litres":12}' });
  });

  test("may only call the config's tools that a capability enables", async () => {
    const command = (name: string, permission: "always" | "never") => ({
      name,
      description: "a",
      command: ["echo", name],
      permission,
    });
    const tools = [command("on", "always"), command("off", "always"), command("never", "never")];
    const spec = { name: "a", capabilities: ["on", "never", "status-check"] };
    const call = (name: string) => ({ calls: [{ id: name, name, arguments: {} }] });
    const engine = new ScriptedEngine([call("on"), call("off"), call("never"), "done"]);
    await using runtime = await loaded({ engine }, { spec, tools });
    // The output of a tool asks for more calls. A tool that is not allowed does not run.
    await runtime.process("go");
    expect(engine.requests[0]?.tools?.map(({ name }) => name)).toEqual(["on"]);
    const results = engine.requests[3]?.messages.filter(({ role }) => role === "tool").map(({ content }) => content);
    expect(results).toEqual(["on", 'There is no tool named "off".', "The tool never must not be used."]);
  });

  test("gets the most likely of many tools, in order of name", async () => {
    const tools = Array.from({ length: 30 }, (_, index) => ({
      ...valve,
      name: `tool${String(index).padStart(2, "0")}`,
    }));
    tools.push({ ...valve, name: "water", description: "Waters the tomatoes." });
    const engine = new ScriptedEngine(["a"]);
    await using runtime = await loaded({ engine, tools }, {});
    await runtime.process("please water the tomatoes");
    const names = engine.requests[0]?.tools?.map(({ name }) => name) ?? [];
    expect(names).toHaveLength(12);
    expect(names).toContain("water");
    expect(names).toEqual(names.toSorted());
  });

  test("is stopped when it repeats itself", async () => {
    const engine = new ScriptedEngine([calls("valve", "north")]);
    await using runtime = await loaded({ engine, tools: [valve] }, {});
    await expect(runtime.process("go")).rejects.toMatchObject({ code: "repeated-calls" });
    expect(engine.requests).toHaveLength(3);
  });
});

/** Returns the reason in the event of the tool's result. */
async function failureOf(runtime: NanoRuntime, message: string): Promise<string | undefined> {
  const results: AgentEvent[] = [];
  for await (const event of runtime.stream(message)) if (event.type === "tool-result") results.push(event);
  expect(results).toHaveLength(1);
  return results[0]?.type === "tool-result" ? results[0].failure : undefined;
}
