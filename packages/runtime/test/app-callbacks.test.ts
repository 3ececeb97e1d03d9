import { type AgentOptions, defineTool, NanoRuntime, type Tool } from "@nanoagent/runtime";
import { ScriptedEngine } from "@nanoagent/runtime/testing";
import { describe, expect, test, vi } from "vitest";
import { sampleConfig } from "./sample-config.js";

const call = { id: "1", name: "valve", arguments: { zone: "north" } };
const run = vi.fn(() => "open");
const input = { type: "object", properties: { zone: { type: "string" } } };
const valve = defineTool({ name: "valve", description: "Opens a valve.", input, run });

/** Ways in which an app's function can misbehave. */
const misbehaviors: [string, () => unknown][] = [
  [
    "throws",
    () => {
      throw new Error("no screen");
    },
  ],
  ["rejects with a string", () => Promise.reject("no screen")],
  ["rejects", () => Promise.reject(new Error("no screen"))],
  ["never returns", () => new Promise(() => {})],
];

/** Asks a model that calls the valve and then answers. A callback that never returns reaches the turn's time limit. */
async function ask(options: AgentOptions, tool: Tool = valve) {
  run.mockClear();
  const engine = new ScriptedEngine([{ calls: [call] }, "Well."]);
  await using runtime = new NanoRuntime({ engine, tools: [tool], ...options });
  await runtime.load(sampleConfig());
  const events = [];
  for await (const event of runtime.stream("water", { limits: { maxMilliseconds: 300 } })) events.push(event);
  const last = events.at(-1);
  // The agent still answers the next message.
  expect((await runtime.process("thanks", { limits: { maxMilliseconds: 5000 } })).content).toBeTypeOf("string");
  return { last, result: events.find(({ type }) => type === "tool-result") };
}

describe.each([
  ["onPermission", (misbehave: () => unknown): [AgentOptions, Tool] => [{ onPermission: misbehave as never }, valve]],
  [
    "beforeAct",
    (misbehave: () => unknown): [AgentOptions, Tool] => [
      { beforeAct: misbehave as never },
      { ...valve, permission: "always" },
    ],
  ],
  [
    "a tool's check",
    (misbehave: () => unknown): [AgentOptions, Tool] => [
      {},
      { ...valve, permission: "always", check: misbehave as never },
    ],
  ],
])("%s that", (_, optionsFor) => {
  test.each(misbehaviors)("%s keeps the tool from running, and the agent continues", async (kind, misbehave) => {
    const { last, result } = await ask(...optionsFor(misbehave));
    expect(run).not.toHaveBeenCalled();
    if (kind === "never returns") expect(last).toMatchObject({ type: "error", error: { code: "time-limit" } });
    else {
      expect(result).toMatchObject({ is_error: true, content: expect.stringContaining("no screen") });
      expect(last).toMatchObject({ type: "run-end", reply: { content: "Well." } });
    }
  });
});

test.each(misbehaviors)(
  "the result of a tool that %s reaches the model, or the turn reaches its time limit",
  async (kind, misbehave) => {
    const { last, result } = await ask({}, { ...valve, permission: "always", run: misbehave });
    if (kind === "never returns") expect(last).toMatchObject({ type: "error", error: { code: "time-limit" } });
    else {
      expect(result).toMatchObject({ is_error: true, content: expect.stringContaining("no screen") });
      expect(last).toMatchObject({ type: "run-end" });
    }
  },
);
