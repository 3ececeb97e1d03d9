import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { callRoute } from "./call-route.js";
import { FakeServedAgent } from "./fake-served-agent.js";

const posts = ["/api/chat", "/api/generate", "/api/show", "/api/pull", "/api/embed", "/api/embeddings"] as const;

const names = [
  ["model", "name", "messages", "prompt", "system", "suffix", "template", "raw", "images", "format", "options"],
  ["tools", "stream", "think", "keep_alive", "input", "dimensions", "logprobs", "context", "truncate"],
].flat();
const inner = [
  ["role", "content", "thinking", "tool_calls", "tool_name", "tool_call_id", "images", "function", "name", "id"],
  [
    "arguments",
    "parameters",
    "description",
    "type",
    "properties",
    "temperature",
    "num_predict",
    "seed",
    "stop",
    "top_k",
  ],
].flat();

/** Values that a client may send by mistake, and those that it should. */
const value = fc.letrec<{ any: unknown }>((tie) => ({
  any: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.constantFrom("house", "user", "assistant", "tool", "system", "json", "{}", "[1]", "", "function", "object"),
    fc.constantFrom(null, true, false, 0, -1, 1, 0.5, 1e308, -1e308, 2 ** 53),
    fc.string({ unit: "binary", maxLength: 20 }),
    fc.array(tie("any"), { maxLength: 4 }),
    fc.dictionary(fc.constantFrom(...inner, "__proto__", "constructor"), tie("any"), {
      maxKeys: 5,
      noNullPrototype: true,
    }),
  ),
})).any;

const message = fc.record(
  {
    role: fc.constantFrom("user", "assistant", "tool", "system"),
    content: fc.oneof(fc.string({ maxLength: 20 }), value),
    tool_calls: fc.array(
      fc.record({
        id: fc.constantFrom("", "a", "call_1", "call_2"),
        function: fc.record({ name: fc.string({ maxLength: 5 }), arguments: value }),
      }),
      {
        maxLength: 3,
      },
    ),
    tool_name: fc.string({ maxLength: 5 }),
    tool_call_id: fc.constantFrom("", "a", "call_1", "call_2"),
  },
  { requiredKeys: ["role"] },
);

const body = fc.oneof(
  fc.record({ model: fc.constant("house"), messages: fc.array(message, { maxLength: 6 }), stream: fc.boolean() }),
  fc
    .dictionary(fc.constantFrom(...names), value, { noNullPrototype: true })
    .map((fields) => ({ model: "house", ...fields })),
  fc.dictionary(fc.constantFrom(...names), value, { noNullPrototype: true }),
  value,
);

describe("Whatever a client sends", () => {
  test.each(posts)("%s answers it, or refuses it with an error in Ollama's form", async (path) => {
    const served = new FakeServedAgent();
    await fc.assert(
      fc.asyncProperty(body, async (sent) => {
        // As it comes over the wire.
        const reply = await callRoute(served, "POST", path, JSON.parse(JSON.stringify(sent ?? null)));
        expect([200, 400, 404]).toContain(reply.status);
        if (reply.status === 200) return;
        const { error, ...others } = reply.json();
        expect(others).toEqual({});
        expect(error).toMatch(/\S/);
        expect(error.length).toBeLessThan(1000);
      }),
      { numRuns: 1000 },
    );
  });

  test("the agent is asked with a message, a history that has only these roles, and results that have calls", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(message, { minLength: 1, maxLength: 8 }), async (messages) => {
        const served = new FakeServedAgent();
        await callRoute(served, "POST", "/api/chat", JSON.parse(JSON.stringify({ model: "house", messages })));
        for (const ask of served.asks) {
          for (const { role, content } of ask.before) {
            expect(["user", "assistant", "tool"]).toContain(role);
            expect(content).toBeTypeOf("string");
          }
          if (typeof ask.message === "string") continue;
          const ids = ask.before.at(-1)?.tool_calls?.map(({ id }) => id) ?? [];
          for (const { tool_call_id } of ask.message.results) expect(ids).toContain(tool_call_id);
          expect(new Set(ids).size).toBe(ids.length);
          const answered = ask.message.results.map(({ tool_call_id }) => tool_call_id);
          expect(new Set(answered).size).toBe(answered.length);
        }
      }),
      {
        numRuns: 1000,
        examples: [
          [
            [
              { role: "assistant", tool_calls: [{ id: "", function: { name: "a", arguments: "" } }] },
              { role: "tool" },
              { role: "tool", tool_call_id: "call_1" },
            ] as never,
          ],
        ],
      },
    );
  });
});
