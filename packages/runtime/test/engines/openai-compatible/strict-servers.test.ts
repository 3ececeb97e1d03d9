import type { EngineRequest } from "@nanoagent/runtime";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Answer, type SeenRequest, sendJson } from "./fake-server.js";
import { fakeVllm, openaiChunk } from "./fake-servers.js";
import { ask, collect, openOn, textOf } from "./open-engine.js";

type Sent = { role: string; content: string; tool_calls?: object[] };

/** A server whose template supports less than the server. */
function strict(refusalOf: (messages: readonly Sent[]) => string | null, status = 400): Answer {
  const vllm = fakeVllm({ reply: () => ({ chunks: [openaiChunk({ content: "Madrid" }, "stop")] }) });
  return (request, response) => {
    const refusal = request.url === "/v1/chat/completions" ? refusalOf(messagesOf(request)) : null;
    if (refusal === null) return vllm(request, response);
    return sendJson(response, { object: "error", message: refusal, type: "BadRequestError", code: status }, status);
  };
}

const messagesOf = ({ body }: SeenRequest) => body.messages as Sent[];

const request: EngineRequest = {
  instructions: "Be kind.",
  messages: [
    { role: "user", content: "turn on the lamp" },
    { role: "assistant", content: "", tool_calls: [{ id: "1", name: "lamp", arguments: { state: "on" } }] },
    { role: "tool", content: "lamp on", tool_call_id: "1" },
    { role: "assistant", content: "The lamp is on." },
    { role: "user", content: "capital of Spain?" },
  ],
  tools: [{ name: "lamp", description: "Switches the lamp", inputSchema: { type: "object" } }],
};

/** Refusals of templates. */
const templates: Record<string, (messages: readonly Sent[]) => string | null> = {
  "roles take turns, after the system's": (messages) =>
    messages.filter(({ role }) => role !== "system").some(({ role }, at) => (role === "user") !== (at % 2 === 0))
      ? "Conversation roles must alternate user/assistant/user/assistant/..."
      : null,
  "no system role": (messages) => (messages[0]?.role === "system" ? "System role not supported" : null),
  "no tool role": (messages) =>
    messages.some(({ role }) => role === "tool") ? "Only user and assistant roles are supported!" : null,
  "no calls, without a message": (messages) =>
    messages.some(({ tool_calls }) => tool_calls !== undefined) ? "" : null,
  "neither system nor calls": (messages) =>
    messages.every(({ role }, at) => role === (at % 2 === 0 ? "user" : "assistant"))
      ? null
      : "Error rendering template",
};

describe("a server whose template refuses", () => {
  test.each(Object.keys(templates))("%s is sent a simpler form, from then on at once", async (name) => {
    for (const status of [400, 422, 500]) {
      const { engine, server } = await openOn(strict(templates[name] ?? (() => null), status));
      expect(textOf(await collect(engine.generate(request)))).toBe("Madrid");
      const chats = () => server.requests.filter(({ url }) => url === "/v1/chat/completions").length;
      const before = chats();
      expect(before).toBeGreaterThan(1);
      expect(textOf(await collect(engine.generate(request)))).toBe("Madrid");
      expect(chats()).toBe(before + 1);
      const sent = JSON.stringify(server.requests.at(-1)?.body);
      for (const word of ["Be kind.", "lamp on", "The lamp is on."]) expect(sent).toContain(word);
    }
  });

  test.each([
    ["for another reason", "maximum context length is 4096 tokens", 400, 1],
    ["in every form", "unknown role in template", 400, 4],
    ["because it is down", "overloaded system", 502, 1],
  ])("a conversation %s is soon given up, and its first message is shown", async (_, words, status, most) => {
    const { engine, server } = await openOn(strict(() => words, status));
    const events = await collect(engine.generate(request));
    expect(events).toMatchObject([{ type: "error", error: { reason: words } }]);
    expect(server.requests.filter(({ url }) => url === "/v1/chat/completions").length).toBeLessThanOrEqual(most);
  });
});

test("no request contains a lone surrogate", async () => {
  const { engine, server } = await openOn(fakeVllm());
  const half = fc.constantFrom("\ud83c", "\udf31", "a\ud83cb", "\\\ud83c", "🌱", "\\ud83c");
  await fc.assert(
    fc.asyncProperty(fc.array(half, { minLength: 8, maxLength: 8 }), async ([a, b, c, d, e, f, g, h]) => {
      const inputSchema = { type: "object", properties: { [`${a}`]: { description: b, enum: [c] } }, required: [a] };
      await collect(
        engine.generate({
          instructions: `be ${d}`,
          messages: [
            { role: "user", content: `say ${e}` },
            {
              role: "assistant",
              content: "",
              tool_calls: [{ id: `${f}`, name: `${g}`, arguments: { [`${h}`]: [a] } }],
            },
            { role: "tool", content: `got ${b}`, tool_call_id: `${f}` },
          ],
          tools: [{ name: "t", description: `${c}`, inputSchema }],
          responseSchema: { enum: [d] },
          sampling: { stop: [`${e}`] },
        }),
      );
      const body = server.requests.at(-1)?.body;
      JSON.stringify(body, (key, value) => {
        expect(key).not.toMatch(/\p{Surrogate}/u);
        if (typeof value !== "string") return value;
        expect(value).not.toMatch(/\p{Surrogate}/u);
        // Arguments are JSON inside a string.
        if (key === "arguments") expect(JSON.stringify(JSON.parse(value))).not.toMatch(/(?<!\\)(?:\\\\)*\\ud[89a-f]/);
        return value;
      });
    }),
    { numRuns: 50 },
  );
});

test("a request without a simpler form is not repeated", async () => {
  const { engine, server } = await openOn(strict(() => "role"));
  await collect(engine.generate(ask("hi")));
  expect(server.requests.filter(({ url }) => url === "/v1/chat/completions")).toHaveLength(1);
});
