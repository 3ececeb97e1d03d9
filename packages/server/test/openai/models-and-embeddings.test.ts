import { describe, expect, it } from "vitest";
import { bare, FakeServedAgent, kitchen } from "./fake-served-agent.js";
import { type Sent, send } from "./send.js";

const embed = (body: object, served = new FakeServedAgent()): Promise<Sent> =>
  send(served, "POST", "/v1/embeddings", { model: "kitchen", ...body });

describe("models", () => {
  const entry = {
    id: "kitchen",
    object: "model",
    created: 1_764_288_000,
    owned_by: "nanoagent",
    nanoagent: {
      target: "agent",
      context_tokens: 2048,
      longest_context_tokens: null,
      trained_tokens: 8192,
      calls_tools: true,
      parameters: 135_000_000,
    },
  };
  const bareEntry = { ...entry, id: "org/small.gguf", nanoagent: { ...entry.nanoagent, target: "model" } };

  it.each(["/v1/models", "/models"])("are listed at %s, the agent first", async (path) => {
    const { status, json } = await send(new FakeServedAgent(), "GET", path);
    expect(status).toBe(200);
    expect(json).toEqual({ object: "list", data: [entry, bareEntry] });
  });

  it.each([
    ["/v1/models/kitchen", entry],
    ["/models/kitchen:latest", entry],
    ["/v1/models/org/small.gguf", bareEntry],
  ])("are shown at %s", async (path, expected) => {
    expect((await send(new FakeServedAgent(), "GET", path)).json).toEqual(expected);
  });

  it("are unknown by other names", async () => {
    const { status, json } = await send(new FakeServedAgent(), "GET", "/v1/models/gpt-4");
    expect(status).toBe(404);
    expect(json.error).toMatchObject({ code: "model_not_found", param: "model" });
  });

  it("have facts that are absent as null", async () => {
    const unknown = { ...kitchen, facts: { name: "rules", contextTokens: null } };
    const { json } = await send(new FakeServedAgent([], [unknown]), "GET", "/v1/models/kitchen");
    expect(json.nanoagent).toEqual({
      target: "agent",
      context_tokens: null,
      longest_context_tokens: null,
      trained_tokens: null,
      calls_tools: true,
      parameters: null,
    });
  });
});

describe("embeddings", () => {
  it("of a text are a list of numbers", async () => {
    const { status, json } = await embed({ input: "Hello you" });
    expect(status).toBe(200);
    expect(json).toEqual({
      object: "list",
      data: [{ object: "embedding", index: 0, embedding: [0.6, -0.8, 9 / 1024] }],
      model: "kitchen",
      usage: { prompt_tokens: 2, total_tokens: 2 },
    });
  });

  it("are little-endian floats in base64 if asked for", async () => {
    const { json } = await embed({ input: ["a", "bb"], encoding_format: "base64" });
    const [first, second] = json.data as { index: number; embedding: string }[];
    expect([first?.index, second?.index]).toEqual([0, 1]);
    const bytes = Buffer.from(second?.embedding ?? "", "base64");
    expect(bytes).toHaveLength(12);
    expect(bytes.readFloatLE(0)).toBeCloseTo(0.6, 6);
    expect(bytes.readFloatLE(4)).toBeCloseTo(-0.8, 6);
    expect(bytes.readFloatLE(8)).toBe(2 / 1024);
    expect([...bytes.subarray(8)]).toEqual([0x00, 0x00, 0x00, 0x3b]);
  });

  it.each([
    [{}, "input"],
    [{ input: null }, "input"],
    [{ input: [] }, "input"],
    [{ input: 7 }, "input"],
    [{ input: [1, 2, 3] }, "input"],
    [{ input: [[1, 2], [3]] }, "input"],
    [{ input: {} }, "input"],
    [{ input: "  " }, "input"],
    [{ input: ["a", ""] }, "input[1]"],
    [{ input: ["a", null] }, "input[1]"],
    [{ input: Array.from({ length: 2049 }, () => "a") }, "input"],
    [{ input: "a", encoding_format: "int8" }, "encoding_format"],
    [{ input: "a", encoding_format: 8 }, "encoding_format"],
    [{ input: "a", dimensions: 64 }, "dimensions"],
  ])("are refused: %j", async (body, param) => {
    const { status, json } = await embed(body);
    expect(status).toBe(400);
    expect(json.error).toMatchObject({ type: "invalid_request_error", param });
  });

  it("are 501 for a model without them, and not to be tried again", async () => {
    const { EngineError } = await import("@nanoagent/runtime");
    const served = new FakeServedAgent();
    served.embed = async () => {
      throw new EngineError({
        code: "embeddings-not-supported",
        message: "The rules engine does not support embeddings.",
      });
    };
    const { status, headers, json } = await embed({ input: "a", model: bare.id }, served);
    expect(status).toBe(501);
    expect(headers["x-should-retry"]).toBe("false");
    expect(json.error).toMatchObject({ type: "server_error", code: "embeddings_not_supported" });
  });
});
