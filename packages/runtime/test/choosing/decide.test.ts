import { describe, expect, test } from "vitest";
import { type Decision, decide } from "../../src/choosing/decide.js";
import { ListEvidence, type TextScorer } from "../../src/choosing/evidence.js";
import type { EngineMessage, EngineTool } from "../../src/engines/engine.js";

const object = (properties: object, required: string[] = Object.keys(properties)) => ({
  type: "object",
  properties,
  required,
});
const tools: EngineTool[] = [
  {
    name: "set_lamp",
    description: "Switches a lamp on or off",
    changesWorld: true,
    inputSchema: object({ room: { enum: ["kitchen", "bedroom", "hall"] }, state: { enum: ["on", "off"] } }),
  },
  {
    name: "read_temperature",
    description: "Reads the temperature of a room",
    changesWorld: false,
    inputSchema: object({ room: { enum: ["kitchen", "bedroom", "hall"] } }),
  },
  {
    name: "start_timer",
    description: "Starts a timer",
    changesWorld: true,
    inputSchema: object({ minutes: { type: "integer", minimum: 1 } }),
  },
  {
    name: "add_shopping",
    description: "Adds an item to the shopping list",
    changesWorld: true,
    inputSchema: object({ item: { type: "string" } }),
  },
];

/** A model that finds all names equally likely, so that the message alone decides. */
const knowsNothing: TextScorer = { score: async (_text, continuations) => continuations.map(() => [-1]) };
/** A model that finds one continuation likely after a message. */
const prefers = (word: string): TextScorer => ({
  score: async (text, continuations) =>
    continuations.map((part) => [part.includes(word) && !text.includes("N/A =>") ? 0 : -9]),
});

const said = (...contents: string[]): EngineMessage[] =>
  contents.map((content, at) => ({ role: at % 2 === 0 ? "user" : "assistant", content }));
const decided = (messages: EngineMessage[], scorer = knowsNothing): Promise<Decision> =>
  decide({ messages, evidence: new ListEvidence(tools), scorer });
const callsOf = (decision: Decision) =>
  decision.kind === "calls" ? decision.calls.map(({ tool, arguments: input }) => [tool.name, input]) : decision;

describe("decide", () => {
  test.each([
    ["Switch the lamp in the kitchen on.", [["set_lamp", { room: "kitchen", state: "on" }]]],
    ["Mach das Licht in der Küche aus!", [["set_lamp", { room: "kitchen", state: "off" }]]],
    ["What is the temperature in the hall?", [["read_temperature", { room: "hall" }]]],
    ["Start a timer for half an hour", [["start_timer", { minutes: 30 }]]],
    ["Add milk to the shopping list, please", [["add_shopping", { item: "milk" }]]],
    [
      "Switch the kitchen lamp off and start a timer for 5 minutes.",
      [
        ["set_lamp", { room: "kitchen", state: "off" }],
        ["start_timer", { minutes: 5 }],
      ],
    ],
  ])("%s", async (message, calls) => {
    expect(callsOf(await decided(said(message)))).toEqual(calls);
  });

  test.each([
    "Hello!",
    "Thanks a lot",
    "Why do lamps get warm?",
    "Who invented the thermometer?",
    "Danke, das war alles.",
  ])("%s needs no tool", async (message) => {
    expect(await decided(said(message))).toEqual({ kind: "none" });
  });

  test("asks for a missing argument and completes the act with the answer", async () => {
    const asked = await decided(said("Switch the lamp on, please"));
    expect(asked).toMatchObject({ kind: "ask", question: expect.stringMatching(/kitchen.*\?$/) });
    const question = asked.kind === "ask" ? asked.question : "";
    expect(callsOf(await decided(said("Switch the lamp on, please", question, "in the bedroom")))).toEqual([
      ["set_lamp", { room: "bedroom", state: "on" }],
    ]);
    expect(await decided(said("Switch the lamp on, please", question, "no"))).toEqual({ kind: "none" });
  });

  test("reads a follow-up as the previous act with changes", async () => {
    const before: EngineMessage[] = [
      { role: "user", content: "Switch the kitchen lamp on" },
      {
        role: "assistant",
        content: "",
        tool_calls: [{ id: "1", name: "set_lamp", arguments: { room: "kitchen", state: "on" } }],
      },
      { role: "tool", content: "ok", tool_call_id: "1" },
      { role: "assistant", content: "It is on." },
    ];
    const next = (content: string) => decided([...before, { role: "user", content }]);
    expect(callsOf(await next("and the bedroom?"))).toEqual([["set_lamp", { room: "bedroom", state: "on" }]]);
    expect(callsOf(await next("off again"))).toEqual([["set_lamp", { room: "kitchen", state: "off" }]]);
    expect(await next("thanks!")).toEqual({ kind: "none" });
    expect(await next("Why is the sky blue?")).toEqual({ kind: "none" });
  });

  test("lets the model decide where the words are not sure", async () => {
    expect(await decided(said("It is much too dark in the kitchen, on please"), prefers("set_lamp"))).toMatchObject({
      kind: "calls",
    });
  });

  test("does not use the model where the words are sure", async () => {
    let asked = 0;
    const counting: TextScorer = {
      score: async (_text, continuations) => {
        asked += 1;
        return continuations.map(() => [-1]);
      },
    };
    await decided(said("Switch the lamp in the kitchen on."), counting);
    expect(asked).toBe(0);
  });

  test("makes only calls that satisfy the schema, for any message", async () => {
    const words =
      "switch lamp kitchen off timer 5 minutes add milk what temperature hall and please on 900 bedroom".split(" ");
    for (let seed = 0; seed < 200; seed++) {
      const message = Array.from({ length: 1 + (seed % 7) }, (_, at) => words[(seed * 7 + at * 5) % words.length]).join(
        " ",
      );
      const decision = await decided(said(message));
      for (const { tool, arguments: input, unwritten } of decision.kind === "calls" ? decision.calls : []) {
        expect(unwritten).toEqual([]);
        const { required } = tool.inputSchema as { required: string[] };
        expect(Object.keys(input)).toEqual(expect.arrayContaining(required));
      }
    }
  });
});
