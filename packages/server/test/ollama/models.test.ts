import { describe, expect, test } from "vitest";
import { callRoute } from "./call-route.js";
import { FakeServedAgent, rulesModel } from "./fake-served-agent.js";

const served = new FakeServedAgent();

describe("Models in Ollama's API", () => {
  test("are listed with a tag, the agent first", async () => {
    const { models } = (await callRoute(served, "GET", "/api/tags")).json();
    expect(models).toEqual([
      {
        name: "house:latest",
        model: "house:latest",
        modified_at: "2026-11-01T00:00:00.000Z",
        size: 144_000_000,
        digest: expect.stringMatching(/^[0-9a-f]{64}$/),
        details: {
          parent_model: "",
          format: "gguf",
          family: "llama",
          families: ["llama"],
          parameter_size: "134.52M",
          quantization_level: "Q8_0",
        },
        capabilities: ["completion", "tools"],
      },
      expect.objectContaining({ name: "smollm2:135m", model: "smollm2:135m" }),
    ]);
    expect(models[0]?.digest).not.toBe(models[1]?.digest);
  });

  test("are loaded and stay so", async () => {
    const { models } = (await callRoute(served, "GET", "/api/ps")).json();
    expect(models).toHaveLength(2);
    expect(models[0]).toMatchObject({ name: "house:latest", size: 144_000_000, size_vram: 0, context_length: 4096 });
    // Ollama's program shows a date of more than 100 years from now as "Forever".
    expect(new Date(models[0]?.expires_at ?? 0).getUTCFullYear()).toBeGreaterThan(new Date().getUTCFullYear() + 100);
  });

  test.each(["house", "house:latest"])("are shown by the name %s", async (model) => {
    const shown = (await callRoute(served, "POST", "/api/show", { model })).json();
    expect(shown).toMatchObject({
      capabilities: ["completion", "tools"],
      parameters: "num_ctx 4096",
      details: { family: "llama", parameter_size: "134.52M" },
      model_info: {
        "general.architecture": "llama",
        "general.parameter_count": 134_515_008,
        "llama.context_length": 8192,
      },
      modified_at: "2026-11-01T00:00:00.000Z",
    });
  });

  test("have no invented facts: an agent that answers by rules", async () => {
    const plain = new FakeServedAgent();
    plain.models = [rulesModel];
    const [tag] = (await callRoute(plain, "GET", "/api/tags")).json().models;
    expect(tag).toMatchObject({
      name: "rules-agent:latest",
      size: 0,
      modified_at: new Date(rulesModel.createdSeconds * 1000).toISOString(),
      details: { format: "", family: "rules", parameter_size: "", quantization_level: "" },
      capabilities: ["completion"],
    });
    const shown = (await callRoute(plain, "POST", "/api/show", { name: "rules-agent" })).json();
    expect(shown.model_info).toEqual({ "general.architecture": "rules", "general.basename": "rules-agent" });
    expect(shown.parameters).toBe("");
  });

  test.each([
    [1_500_000_000, "1.5B"],
    [7_000_000_000, "7B"],
    [22_713_728, "22.71M"],
    [494_000_000, "494M"],
    [12_345, "12K"],
    [12, "12"],
  ])("have a number of parameters as people write it: %i", async (parameters, expected) => {
    const one = new FakeServedAgent();
    one.models = [{ ...rulesModel, facts: { ...rulesModel.facts, parameters } }];
    const [tag] = (await callRoute(one, "GET", "/api/tags")).json().models;
    expect(tag?.details.parameter_size).toBe(expected);
  });

  test("that are served count as pulled, with and without a stream", async () => {
    const streamed = await callRoute(served, "POST", "/api/pull", { model: "house" });
    expect(streamed.headers["content-type"]).toBe("application/x-ndjson");
    expect(streamed.lines()).toEqual([{ status: "success" }]);
    // Ollama's JavaScript client sends the name in the older field.
    const whole = await callRoute(served, "POST", "/api/pull", { name: "house:latest", stream: false });
    expect(whole.json()).toEqual({ status: "success" });
  });

  test.each(["/api/pull", "/api/show", "/api/chat", "/api/generate", "/api/embed", "/api/embeddings"])(
    "that are not served are not found by %s",
    async (path) => {
      const reply = await callRoute(served, "POST", path, {
        model: "qwen3:4b",
        messages: [{ role: "user", content: "Hi" }],
      });
      expect(reply.status).toBe(404);
      expect(reply.json()).toEqual({
        error: "model 'qwen3:4b' not found. This service has: house:latest, smollm2:135m.",
      });
    },
  );

  test.each([
    ["POST", "/api/create"],
    ["POST", "/api/copy"],
    ["POST", "/api/push"],
    ["DELETE", "/api/delete"],
  ] as const)("do not change: %s %s", async (method, path) => {
    const reply = await callRoute(served, method, path, { model: "house", source: "house", destination: "home" });
    expect(reply.status).toBe(400);
    expect(reply.json().error).toMatch(/^This service cannot .*\. Its models are those of the config/);
  });
});

describe("The version", () => {
  const parts = (version: string) => version.split(".").map(Number);

  test("satisfies clients that compare it, and is not one of Ollama's", async () => {
    const { version } = (await callRoute(served, "GET", "/api/version")).json();
    expect(version).toBe("1.0.0-nanoagent.0.1.0");
    // Open WebUI's form: everything from the first hyphen is dropped, the rest must be integers.
    expect(parts(version.replace(/^v|-.*/g, ""))).toEqual([1, 0, 0]);
    // VS Code compares part by part with 0.6.4.
    expect(parts(version)[0]).toBeGreaterThan(0);
  });

  test("is said by the root, too, which many clients look at", async () => {
    const reply = await callRoute(served, "GET", "/");
    expect(reply).toMatchObject({ status: 200, headers: { "content-type": "text/plain; charset=utf-8" } });
    expect(reply.text).toContain("Ollama is running");
    expect(reply.text).toContain("nanoagent");
  });
});
