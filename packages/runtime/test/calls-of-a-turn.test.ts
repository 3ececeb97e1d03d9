import { defineTool, NanoRuntime, type Tool } from "@nanoagent/runtime";
import { ScriptedEngine, type ScriptedReply } from "@nanoagent/runtime/testing";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { sampleConfig } from "./sample-config.js";

type Kind = "read" | "act" | "asked-read";

interface Call {
  kind: Kind;
  milliseconds: number;
  fails: boolean;
}

/** Three tools that wait, and the order in which their calls began and ended. */
function tools() {
  const log: { what: "start" | "end" | "ask"; index: number; kind: Kind }[] = [];
  const tool = (kind: Kind): Tool =>
    defineTool({
      name: kind,
      description: `Does ${kind}.`,
      input: { type: "object", properties: { index: { type: "integer" }, milliseconds: { type: "integer" } } },
      changesWorld: kind === "act",
      permission: kind === "asked-read" ? "ask" : "always",
      run: async (input: unknown) => {
        const { index, milliseconds, fails } = input as { index: number; milliseconds: number; fails?: boolean };
        log.push({ what: "start", index, kind });
        await new Promise((resolve) => setTimeout(resolve, milliseconds));
        log.push({ what: "end", index, kind });
        if (fails) throw new Error("no");
        return `result ${index}`;
      },
    }) as Tool;
  return { log, all: [tool("read"), tool("act"), tool("asked-read")] };
}

const calls = (list: readonly Call[]): ScriptedReply => ({
  calls: list.map(({ kind, ...input }, index) => ({ id: `c${index}`, name: kind, arguments: { index, ...input } })),
});

describe("several calls of one reply", () => {
  const call = fc.record<Call>({
    kind: fc.constantFrom("read", "act", "asked-read"),
    milliseconds: fc.integer({ min: 0, max: 4 }),
    fails: fc.boolean(),
  });

  test("have their results in order; acts and permission requests run alone, after earlier calls", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(call, { minLength: 1, maxLength: 12 }), async (list) => {
        const { log, all } = tools();
        const engine = new ScriptedEngine([calls(list), "Yes."]);
        await using runtime = new NanoRuntime({ engine, tools: all, onPermission: () => true });
        await runtime.load(sampleConfig());
        await runtime.process("go");
        const results = runtime.history.filter(({ role }) => role === "tool");
        expect(results.map(({ tool_call_id }) => tool_call_id)).toEqual(list.map((_, index) => `c${index}`));
        for (const [index, { content }] of results.entries()) {
          expect(content).toContain(list[index]?.fails ? "failed" : `result ${index}`);
        }
        const running = new Set<number>();
        for (const { what, index, kind } of log) {
          if (what === "end") {
            running.delete(index);
            continue;
          }
          for (const other of running) expect([kind, list[other]?.kind]).toEqual(["read", "read"]);
          // All calls before an act have ended.
          if (kind !== "read")
            expect(log.filter((entry) => entry.what === "end" && entry.index < index)).toHaveLength(index);
          running.add(index);
          expect(running.size).toBeLessThanOrEqual(4);
        }
      }),
      { numRuns: 40 },
    );
  });

  test("run in parallel if they are read-only", async () => {
    let running = 0;
    let most = 0;
    const read = defineTool({
      name: "read",
      description: "Reads.",
      input: { type: "object", properties: { index: { type: "integer" } } },
      changesWorld: false,
      run: async () => {
        most = Math.max(most, ++running);
        await new Promise((resolve) => setTimeout(resolve, 20));
        running -= 1;
        return "ok";
      },
    });
    const list = Array.from({ length: 9 }, (_, index) => ({ id: `${index}`, name: "read", arguments: { index } }));
    await using runtime = new NanoRuntime({ engine: new ScriptedEngine([{ calls: list }, "Yes."]), tools: [read] });
    await runtime.load(sampleConfig());
    await runtime.process("go");
    expect(most).toBe(4);
  });

  test("all have a result if the turn is aborted while they run", async () => {
    const { all } = tools();
    const abort = new AbortController();
    const list = [1, 2, 3].map(() => ({ kind: "read", milliseconds: 2000, fails: false }) as const);
    const reply = calls([...list, { kind: "act", milliseconds: 0, fails: false }]) as object;
    const engine = new ScriptedEngine([{ ...reply, deltas: ["Wait."] }, "Yes."]);
    await using runtime = new NanoRuntime({ engine, tools: all });
    await runtime.load(sampleConfig());
    setTimeout(() => abort.abort(), 50);
    await expect(runtime.process("go", { signal: abort.signal })).rejects.toMatchObject({ code: "aborted" });
    const results = runtime.history.filter(({ role }) => role === "tool");
    expect(results.map(({ tool_call_id }) => tool_call_id)).toEqual(["c0", "c1", "c2", "c3"]);
    expect(results.every(({ content }) => content.includes("aborted"))).toBe(true);
  });
});

describe("a call that repeats the previous one", () => {
  const one = { kind: "act", milliseconds: 0, fails: false } as const;

  test("is not run again: the engine is asked to answer without tools", async () => {
    const { log, all } = tools();
    const engine = new ScriptedEngine([calls([one]), calls([one]), "It is done."]);
    await using runtime = new NanoRuntime({ engine, tools: all });
    await runtime.load(sampleConfig());
    expect((await runtime.process("go")).content).toBe("It is done.");
    expect(log.filter(({ what }) => what === "start")).toHaveLength(1);
    expect(engine.requests.map(({ tools = [] }) => tools.length)).toEqual([3, 3, 0]);
    expect(runtime.history.map(({ role }) => role)).toEqual(["user", "assistant", "tool", "assistant"]);
  });

  test("is not run again with reordered arguments, nor together with new calls, which run", async () => {
    const { log, all } = tools();
    const again = { id: "1", name: "act", arguments: { fails: false, milliseconds: 0, index: 0 } };
    const other = { id: "2", name: "read", arguments: { index: 7, milliseconds: 0 } };
    const engine = new ScriptedEngine([calls([one]), { calls: [again, other] }, "Yes."]);
    await using runtime = new NanoRuntime({ engine, tools: all });
    await runtime.load(sampleConfig());
    await runtime.process("go");
    expect(log.flatMap(({ what, kind }) => (what === "start" ? [kind] : []))).toEqual(["act", "read"]);
  });

  test("can run again in the next turn, after another call, and after a failure", async () => {
    const { log, all } = tools();
    const read = { kind: "read", milliseconds: 0, fails: false } as const;
    const failing = { ...one, fails: true };
    const script = [
      calls([one]),
      "a",
      calls([one]),
      calls([read]),
      calls([one]),
      "b",
      calls([failing]),
      calls([failing]),
      "c",
    ];
    await using runtime = new NanoRuntime({ engine: new ScriptedEngine(script), tools: all });
    await runtime.load(sampleConfig());
    for (const text of ["a", "b", "c"]) expect((await runtime.process("go")).content).toBe(text);
    expect(log.flatMap(({ what, kind }) => (what === "start" && kind === "act" ? [kind] : []))).toHaveLength(5);
  });

  test("does not discard an answer that came with it", async () => {
    const { all } = tools();
    const again = { ...(calls([one]) as object), deltas: ["It is done."] };
    const engine = new ScriptedEngine([calls([one]), again, "Not asked for."]);
    await using runtime = new NanoRuntime({ engine, tools: all });
    await runtime.load(sampleConfig());
    expect((await runtime.process("go")).content).toBe("It is done.");
  });
});

describe("a schema and tools in one turn", () => {
  const schema = { type: "object", properties: { dry: { type: "boolean" } }, required: ["dry"] };

  test("the engine calls tools first, and its reply satisfies the schema", async () => {
    const { log, all } = tools();
    const engine = new ScriptedEngine([calls([{ kind: "read", milliseconds: 0, fails: false }]), '{"dry": true}']);
    await using runtime = new NanoRuntime({ engine, tools: all });
    await runtime.load(sampleConfig());
    const reply = await runtime.process("how dry?", { responseSchema: schema });
    expect(JSON.parse(reply.content)).toEqual({ dry: true });
    expect(log).toHaveLength(2);
    for (const { tools, responseSchema } of engine.requests) {
      expect(tools).toHaveLength(3);
      expect(responseSchema).toEqual(schema);
    }
  });

  test("a reply that does not satisfy the schema is an error, even after tool calls", async () => {
    const { all } = tools();
    const engine = new ScriptedEngine([calls([{ kind: "read", milliseconds: 0, fails: false }]), "It is dry."]);
    await using runtime = new NanoRuntime({ engine, tools: all });
    await runtime.load(sampleConfig());
    await expect(runtime.process("how dry?", { responseSchema: schema })).rejects.toMatchObject({
      code: "reply-not-valid",
    });
  });
});
