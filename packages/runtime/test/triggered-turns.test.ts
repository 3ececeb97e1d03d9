import {
  type ActStart,
  defineTool,
  openAgent,
  type Tool,
  type ToolOutcome,
  type TriggeredTurn,
} from "@nanoagent/runtime";
import { ScriptedEngine, type ScriptedReply } from "@nanoagent/runtime/testing";
import { describe, expect, test } from "vitest";
import { sampleConfig } from "./sample-config.js";

/** A tool that notes the key and the trigger of each run. */
function noting(changes: { changesWorld?: boolean; permission?: "always" | "ask" } = {}) {
  const runs: { input: unknown; key: string; trigger: string | undefined }[] = [];
  const tool = defineTool({
    name: "water",
    description: "Waters a bed.",
    input: { type: "object", properties: { bed: { type: "integer" } }, required: ["bed"] },
    permission: "always",
    ...changes,
    run: (input, { idempotencyKey, trigger }) => {
      runs.push({ input, key: idempotencyKey, trigger });
      return "watered";
    },
  }) as Tool;
  return { tool, runs };
}

/** The account of one turn, as a trigger keeps it. */
function account({ known = null, refuses = false }: { known?: ToolOutcome | null; refuses?: boolean } = {}) {
  const log: string[] = [];
  const triggered: TriggeredTurn = {
    trigger: "dry-bed",
    keyOf: ({ name, arguments: input }) => `e1.${name}.${JSON.stringify(input)}`,
    outcomeOf: () => known,
    beforeAct: async ({ tool, idempotency_key }: ActStart) => {
      log.push(`before ${tool} ${idempotency_key}`);
      if (refuses) throw new Error("the disk is full");
    },
    afterAct: async (key, { name }, { outcome }) => void log.push(`after ${name} ${key} ${outcome}`),
  };
  return { triggered, log };
}

const callOf = (bed: unknown): ScriptedReply => ({ calls: [{ id: "c1", name: "water", arguments: { bed } }] });
const intents = {
  definitions: [{ name: "water", sentences: ["water bed {bed}"], tool: "water" }],
  slots: { bed: [3] },
};

describe("a turn of a trigger", () => {
  test("has keys that its owner gives, and every act is on record before it runs", async () => {
    const { tool, runs } = noting();
    const engine = new ScriptedEngine([callOf(3), "Done.", callOf(3), "Done."]);
    await using agent = await openAgent(sampleConfig(), { engine, tools: [tool] });
    for (let times = 1; times <= 2; times++) {
      const { triggered, log } = account();
      await (await agent.converse()).process("The bed is dry.", { triggered });
      const key = 'e1.water.{"bed":3}';
      expect(log).toEqual([`before water ${key}`, `after water ${key} done`]);
      expect(runs).toHaveLength(times);
      expect(runs.at(-1)).toEqual({ input: { bed: 3 }, key, trigger: "dry-bed" });
    }
  });

  test("does not run a call whose outcome is known, and the model sees that outcome", async () => {
    const { tool, runs } = noting();
    const engine = new ScriptedEngine([callOf(3), "Done."]);
    await using agent = await openAgent(sampleConfig(), { engine, tools: [tool] });
    const known: ToolOutcome = { outcome: "done", content: "watered before", isError: false, value: "watered before" };
    const { triggered, log } = account({ known });
    await (await agent.converse()).process("The bed is dry.", { triggered });
    expect([runs, log]).toEqual([[], []]);
    expect(engine.requests.at(-1)?.messages.at(-1)?.content).toBe("watered before");
  });

  test("does not run an act that cannot be recorded", async () => {
    const { tool, runs } = noting();
    const engine = new ScriptedEngine([callOf(3), "It failed."]);
    await using agent = await openAgent(sampleConfig(), { engine, tools: [tool] });
    const { triggered, log } = account({ refuses: true });
    await (await agent.converse()).process("The bed is dry.", { triggered });
    expect(runs).toEqual([]);
    expect(log.at(-1)).toMatch(/^after water .* failed$/);
    expect(engine.requests.at(-1)?.messages.at(-1)?.content).toContain("the disk is full");
  });

  test("can be answered by intents alone", async () => {
    const { tool, runs } = noting();
    const engine = new ScriptedEngine([]);
    await using agent = await openAgent(sampleConfig({ intents }), { engine, tools: [tool] });
    const { triggered, log } = account();
    const conversation = await agent.converse();
    const options = { triggered, intentsOnly: true };
    expect((await conversation.process("water bed 3", options)).content).toBe("watered");
    expect(log).toHaveLength(2);
    await expect(conversation.process("how are you?", options)).rejects.toMatchObject({ code: "no-intent-matches" });
    expect([runs.length, engine.requests.length]).toEqual([1, 0]);
    expect(agent.matchIntent("water bed 3")).toMatchObject({ intent: "water", call: { tool: "water" } });
    expect(agent.matchIntent("how are you?")).toBeNull();
    expect(runs).toHaveLength(1);
  });
});

describe("a call without a message", () => {
  test("runs a tool that the model may not call, with its key and trigger", async () => {
    const { tool, runs } = noting();
    await using agent = await openAgent(sampleConfig(), { tools: [tool] });
    const order: string[] = [];
    const outcome = await agent.callTool(
      { name: "water", arguments: { bed: 2 } },
      { idempotencyKey: "e1.do", trigger: "dry-bed", beforeAct: async () => void order.push(`${runs.length} runs`) },
    );
    expect(outcome).toMatchObject({ outcome: "done", content: "watered" });
    expect(runs).toEqual([{ input: { bed: 2 }, key: "e1.do", trigger: "dry-bed" }]);
    expect(order).toEqual(["0 runs"]);
  });

  test("ends in an outcome where it cannot run", async () => {
    const { tool, runs } = noting({ permission: "ask" });
    const agent = await openAgent(sampleConfig(), { tools: [tool] });
    const call = async (name: string, input: unknown) =>
      (await agent.callTool({ name, arguments: input }, { idempotencyKey: "k" })).outcome;
    expect(await call("water", { bed: 2 })).toBe("not-permitted");
    expect(await call("water", { bed: "wet" })).toBe("invalid-arguments");
    expect(await call("dry", {})).toBe("unknown-tool");
    const asked = { idempotencyKey: "k", onPermission: () => true };
    expect((await agent.callTool({ name: "water", arguments: { bed: 2 } }, asked)).outcome).toBe("done");
    await agent.close();
    await expect(call("water", { bed: 2 })).rejects.toMatchObject({ code: "not-loaded" });
    expect(runs).toHaveLength(1);
  });

  test("of an agent without tools finds none", async () => {
    await using agent = await openAgent(sampleConfig());
    const outcome = await agent.callTool({ name: "water", arguments: {} }, { idempotencyKey: "k" });
    expect(outcome.outcome).toBe("unknown-tool");
  });
});

test("a tool is idempotent only where it says so", () => {
  expect(noting().tool.idempotent).toBe(false);
  const said = defineTool({ name: "set", description: "Sets a value.", idempotent: true, run: () => "set" });
  expect(said.idempotent).toBe(true);
});
