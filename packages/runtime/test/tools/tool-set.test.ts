import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { defineTool } from "../../src/tools/define-tool.js";
import { InvalidToolError } from "../../src/tools/invalid-tool-error.js";
import type { Tool } from "../../src/tools/tool.js";
import { type ActStart, ToolSet, type ToolSetOptions } from "../../src/tools/tool-set.js";

const zoneSchema = {
  type: "object",
  properties: { zone: { type: "string", maxLength: 20 }, minutes: { type: "integer", minimum: 1 } },
  required: ["zone"],
  additionalProperties: false,
};

function look(
  run: (input: Record<string, unknown>, options: { signal: AbortSignal; idempotencyKey: string }) => unknown,
  changes = {},
): Tool {
  return defineTool({ name: "look", description: "Looks.", input: zoneSchema, changesWorld: false, run, ...changes });
}

async function callOnce(
  tool: Tool,
  input: unknown = { zone: "north" },
  options: ToolSetOptions & { signal?: AbortSignal } = {},
) {
  const tools = await ToolSet.open([tool], options);
  return tools.call({ id: "1", name: tool.name, arguments: input }, { idempotencyKey: "key", signal: options.signal });
}

describe("a tool's definition", () => {
  const run = () => 1;
  test.each([
    [{ name: "" }],
    [{ name: "2a" }],
    [{ name: "a b" }],
    [{ name: "__proto__" }],
    [{ name: "a".repeat(65) }],
    [{ description: " " }],
    [{ description: "a".repeat(2001) }],
    [{ permission: "maybe" }],
    [{ timeoutMilliseconds: 0 }],
    [{ timeoutMilliseconds: Number.NaN }],
    [{ timeoutMilliseconds: 2 ** 31 }],
    [{ run: undefined }],
  ])("%j is refused", (change) => {
    expect(() => defineTool({ name: "a", description: "a", run, ...(change as object) })).toThrow(InvalidToolError);
  });

  test("asks for permission by default only where it changes the world", () => {
    const permissionOf = (more: object) => defineTool({ name: "a", description: "a", run, ...more }).permission;
    expect(permissionOf({})).toBe("ask");
    expect(permissionOf({ changesWorld: false })).toBe("always");
    expect(permissionOf({ permission: "never" })).toBe("never");
    expect(permissionOf({ permission: "always" })).toBe("always");
  });

  test("refuses duplicate names and invalid schemas", async () => {
    const tool = defineTool({ name: "a", description: "a", run });
    await expect(ToolSet.open([tool, tool])).rejects.toMatchObject({ code: "invalid-tool", tool: "a" });
    const cyclic: Record<string, unknown> = { type: "object" };
    cyclic.properties = { again: cyclic };
    const huge = {
      type: "object",
      properties: Object.fromEntries(Array.from({ length: 6000 }, (_, index) => [`p${index}`, { type: "string" }])),
    };
    for (const input of [cyclic, huge, { type: "objekt" }]) {
      await expect(ToolSet.open([defineTool({ name: "a", description: "a", input, run })])).rejects.toBeInstanceOf(
        InvalidToolError,
      );
    }
    expect(() => defineTool({ name: "a", description: "a", input: { "~standard": { validate: run } }, run })).toThrow(
      expect.objectContaining({ code: "schema-not-supported" }),
    );
  });
});

describe("arguments", () => {
  test.each([
    [
      { zone: "north", minutes: 3 },
      { zone: "north", minutes: 3 },
    ],
    ['{"zone": "north"}', { zone: "north" }],
  ])("that are valid reach the tool: %j", async (given, expected) => {
    expect(
      await callOnce(
        look((input) => input),
        given,
      ),
    ).toMatchObject({ outcome: "done", value: expected });
  });

  const deep = JSON.parse(`${"[".repeat(5000)}${"]".repeat(5000)}`);
  const cyclic: unknown[] = [];
  cyclic.push(cyclic);
  test.each<[string, unknown]>([
    ["missing", {}],
    ["a list", []],
    ["null", null],
    ["of the wrong type", { zone: { a: 1 } }],
    ["unknown", { zone: "north", more: 1 }],
    ["too small", { zone: "north", minutes: 0 }],
    ["named __proto__", JSON.parse('{"zone": "north", "__proto__": {"a": 1}}')],
    ["invalid as JSON", "{zone: north}"],
    ["followed by other text", '{"zone": "north"} and more'],
    ["too deep", deep],
    ["too deep as text", `{"zone": ${"[".repeat(100_000)}`],
    ["cyclic", cyclic],
    ["ten megabytes long", { zone: "a".repeat(10_000_000) }],
    ["a million parts", Array.from({ length: 1_000_000 }, () => 1)],
    ["not plain data", { zone: 1n }],
  ])("that are %s result in an error, and the tool does not run", async (_, given) => {
    const run = vi.fn();
    const outcome = await callOnce(look(run), given);
    expect(outcome).toMatchObject({ outcome: "invalid-arguments", isError: true });
    expect(outcome.content.length).toBeLessThan(2000);
    expect(run).not.toHaveBeenCalled();
  });

  test("are finally checked by a Standard Schema, which may change them", async () => {
    const input = {
      "~standard": {
        version: 1 as const,
        vendor: "test",
        jsonSchema: { input: () => zoneSchema },
        validate: (value: unknown) => {
          const { zone } = value as { zone: string };
          return zone === "moon" ? { issues: [{ message: "no bed there" }] } : { value: { zone: zone.toUpperCase() } };
        },
      },
    };
    const tool = defineTool({ name: "look", description: "a", input, changesWorld: false, run: ({ zone }) => zone });
    expect(await callOnce(tool)).toMatchObject({ content: "NORTH" });
    expect(await callOnce(tool, { zone: "moon" })).toMatchObject({
      outcome: "invalid-arguments",
      content: expect.stringContaining("no bed there"),
    });
  });

  test.each(["__proto__", "constructor", "Look", "look ", "\u001b[2Jlook", ""])(
    "do not matter for an unknown tool: %j",
    async (name) => {
      const tools = await ToolSet.open([look(() => 1)]);
      const outcome = await tools.call({ id: "1", name, arguments: {} }, { idempotencyKey: "k" });
      expect(outcome.outcome).toBe("unknown-tool");
      expect(outcome.content).not.toContain("\u001b");
    },
  );
});

describe("permission", () => {
  const act = (changes = {}) => look(() => "acted", { changesWorld: true, ...changes });

  test("is always refused with the value never", async () => {
    const onPermission = vi.fn(() => true);
    expect(await callOnce(act({ permission: "never" }), {}, { onPermission })).toMatchObject({
      outcome: "not-permitted",
    });
    expect(onPermission).not.toHaveBeenCalled();
  });

  test("asks with the exact call, and only true grants it", async () => {
    const asked: unknown[] = [];
    const outcome = await callOnce(act(), { zone: "north" }, { onPermission: (request) => asked.push(request) > 0 });
    expect(outcome).toMatchObject({ outcome: "done", content: "acted" });
    expect(asked).toEqual([
      {
        tool: "look",
        description: "Looks.",
        arguments: { zone: "north" },
        changes_world: true,
        will_run: { kind: "function" },
      },
    ]);
    for (const answer of [false, undefined, 1, "yes"]) {
      const onPermission = async () => answer as boolean;
      expect((await callOnce(act(), undefined, { onPermission })).outcome).toBe("not-permitted");
    }
    expect((await callOnce(act())).outcome).toBe("not-permitted");
  });

  test("is not granted by a callback that fails or changes the request", async () => {
    const failing = await callOnce(act(), undefined, { onPermission: () => Promise.reject(new Error("no terminal")) });
    expect(failing).toMatchObject({ outcome: "failed", content: expect.stringContaining("no terminal") });
    const changing = await callOnce(
      look((input) => input.zone, { permission: "ask" }),
      undefined,
      {
        onPermission: (request) => {
          (request.arguments as { zone: string }).zone = "south";
          return true;
        },
      },
    );
    expect(changing.content).toBe("north");
  });

  test("is not waited for after an abort", async () => {
    const turn = new AbortController();
    const outcome = callOnce(act(), undefined, { signal: turn.signal, onPermission: () => new Promise(() => {}) });
    setTimeout(() => turn.abort(), 5);
    expect((await outcome).outcome).toBe("aborted");
  });
});

describe("the record of an act", () => {
  test("is written before the tool runs, and not for one that only reads", async () => {
    const order: unknown[] = [];
    const beforeAct = async (act: ActStart) => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      order.push(act);
    };
    const run = (_: unknown, { idempotencyKey }: { idempotencyKey: string }) => order.push(idempotencyKey);
    await callOnce(look(run, { permission: "always", changesWorld: true }), undefined, { beforeAct });
    expect(order).toEqual([
      { call_id: "1", tool: "look", arguments: { zone: "north" }, idempotency_key: "key" },
      "key",
    ]);
    await callOnce(look(run), undefined, { beforeAct });
    expect(order).toHaveLength(3);
  });

  test("prevents the act when it cannot be written", async () => {
    const run = vi.fn();
    const beforeAct = () => Promise.reject(new Error("no space left"));
    const outcome = await callOnce(look(run, { permission: "always", changesWorld: true }), undefined, { beforeAct });
    expect(outcome).toMatchObject({ outcome: "failed", content: expect.stringContaining("no space left") });
    expect(run).not.toHaveBeenCalled();
  });
});

describe("a tool that", () => {
  test.each([
    [
      "throws",
      () => {
        throw new Error("no \u001b[31mpressure");
      },
      "The tool look failed: no pressure",
    ],
    ["rejects", () => Promise.reject(new Error("no pressure")), "The tool look failed: no pressure"],
    [
      "throws a value that is not an error",
      () => {
        throw "pressure";
      },
      "The tool look failed: pressure",
    ],
  ])("%s is a result", async (_, run, content) => {
    expect(await callOnce(look(run))).toMatchObject({ outcome: "failed", isError: true, content });
  });

  test("ignores its timeout is abandoned, and is not called again before it ends", async () => {
    let finish = () => {};
    let signal: AbortSignal | undefined;
    const tools = await ToolSet.open([
      look(
        (_, options) => {
          signal = options.signal;
          return new Promise<void>((resolve) => {
            finish = resolve;
          });
        },
        { timeoutMilliseconds: 10 },
      ),
    ]);
    const call = () => tools.call({ id: "1", name: "look", arguments: { zone: "a" } }, { idempotencyKey: "k" });
    expect(await call()).toMatchObject({ outcome: "timed-out", content: "The tool look did not end within 0.01 s." });
    expect(signal?.aborted).toBe(true);
    expect(await call()).toMatchObject({
      outcome: "failed",
      content: "The tool look is still busy with an earlier call.",
    });
    finish();
    await new Promise((resolve) => setTimeout(resolve, 1));
    expect((await call()).outcome).toBe("timed-out");
  });

  test("ignores an abort is abandoned, and its later errors are ignored", async () => {
    const turn = new AbortController();
    const outcome = callOnce(
      look(() => new Promise((_, reject) => setTimeout(reject, 20, new Error("late")))),
      undefined,
      { signal: turn.signal },
    );
    setTimeout(() => turn.abort(), 5);
    expect((await outcome).outcome).toBe("aborted");
    await new Promise((resolve) => setTimeout(resolve, 30));
  });

  test("is called after an abort does not run", async () => {
    const run = vi.fn();
    expect((await callOnce(look(run), undefined, { signal: AbortSignal.abort() })).outcome).toBe("aborted");
    expect(run).not.toHaveBeenCalled();
  });
});

test("returns an outcome for any arguments, and the tool gets only valid ones", async () => {
  const tools = await ToolSet.open([
    look((input) => {
      expect(typeof input.zone).toBe("string");
      return "seen";
    }),
  ]);
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.anything(), fc.record({ zone: fc.anything() }), fc.json()), async (given) => {
      const { outcome, content } = await tools.call(
        { id: "1", name: "look", arguments: given },
        { idempotencyKey: "k" },
      );
      expect(["done", "invalid-arguments"]).toContain(outcome);
      if (outcome === "done") expect(content).toBe("seen");
    }),
    { numRuns: process.env.NANOAGENT_SOAK ? 5000 : 500 },
  );
});

test("rejects arguments that are nested too deeply, as values and as text", async () => {
  const anything = defineTool({
    name: "a",
    description: "a",
    input: { type: "object" },
    permission: "always",
    run: () => 1,
  });
  const tools = await ToolSet.open([anything]);
  for (const levels of [200, 5000, 100_000]) {
    const text = `{"a":${"[".repeat(levels)}${"]".repeat(levels)}}`;
    for (const given of [text, JSON.parse(text)]) {
      const outcome = await tools.call({ id: "1", name: "a", arguments: given }, { idempotencyKey: "k" });
      expect(outcome).toMatchObject({
        outcome: "invalid-arguments",
        content: expect.stringContaining("nested deeper"),
      });
    }
  }
});
