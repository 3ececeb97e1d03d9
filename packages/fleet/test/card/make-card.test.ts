import { describe, expect, test } from "vitest";
import { makeCard } from "../../src/card/make-card.js";
import { cardParts, measurement, plan } from "./card-parts.js";

describe("makeCard", () => {
  test("says what the agent is, on what device and with what model", () => {
    expect(makeCard(cardParts())).toEqual({
      format: 1,
      id: "kiosk-1",
      at: "2026-11-30T09:00:00.000Z",
      site: "berlin",
      labels: { floor: "2" },
      versions: { nanoagent: "0.1.0", node: "20.20.2" },
      agent: {
        name: "kiosk",
        version: "1.2.0",
        capabilities: ["door"],
        max_memory_mb: 300,
        max_model_size_mb: 200,
        languages: ["de", "en"],
      },
      tools: [
        { name: "door", changes_world: true },
        { name: "weather", changes_world: false },
      ],
      device: {
        device_id: "pi-of-the-hall",
        platform: "linux-aarch64",
        memory_mb: 512,
        cpu_cores: 4,
        has_gpu: false,
        details: {
          memory: {
            total_bytes: { value: 536_870_912, source: "profiler", confidence: "certain" },
            limit_bytes: { value: null, source: "profiler", confidence: "certain" },
          },
          cpu: {
            model: { value: "Cortex-A76", source: "profiler", confidence: "certain" },
            features: { value: ["dotprod"], source: "profiler", confidence: "certain" },
          },
          storage: { kind: { value: "sd-card", source: "profiler", confidence: "certain" } },
        },
      },
      measurement: { ...measurement, calibrations: [{ ...measurement.calibrations[0], model: "tiny-q4.gguf" }] },
      model: {
        engine: "llama",
        name: "tiny-q4.gguf",
        context_tokens: 512,
        plan: { ...plan, model_path: "tiny-q4.gguf" },
      },
      config_sha256: "a".repeat(64),
      bundle: { name: "kiosk", version: "1.0", sequence: 7 },
      takes_updates: true,
      health: { status: "degraded", reasons: ["trigger-failing"] },
    });
  });

  test("has nothing that must stay at home", () => {
    expect(JSON.stringify(makeCard(cardParts()))).not.toMatch(/hidden|verborgen|HIDDEN/);
  });

  test("has what the config declares of the device instead of what was found", () => {
    const parts = cardParts();
    const declared = { value: "Compute Module 4", source: "/home/hidden/notes", confidence: "declared" as const };
    const { config } = parts.agent;
    const device = { ...config.device, details: { board: { model: declared } } };
    const card = makeCard({ ...parts, agent: { ...parts.agent, config: { ...config, device } } });
    expect(card.device.details?.board).toEqual({
      model: { value: "Compute Module 4", source: "declared", confidence: "declared" },
    });
    expect(card.device.details?.cpu?.model).toMatchObject({ value: "Cortex-A76" });
  });

  test("names the model of a server, but not the server", () => {
    const parts = cardParts({ plan: null });
    const engine = { type: "openai-compatible", url: "http://hidden.example/v1", model: "org/qwen3:0.6b" } as const;
    const agent = {
      ...parts.agent,
      config: { ...parts.agent.config, model_path: null, engine },
      engine: { name: "openai-compatible", contextTokens: null },
    };
    const card = makeCard({ ...parts, agent });
    expect(card.model).toEqual({ engine: "openai-compatible", name: "qwen3:0.6b", context_tokens: null, plan: null });
  });

  test("has no model for an agent that answers by rules, and no facts that nobody knows", () => {
    const parts = cardParts({ plan: null, settings: {} });
    const agent = { ...parts.agent, engine: { name: "rules", contextTokens: null }, tools: [] };
    const facts = {
      device: { ...parts.facts.device },
      measurement: null,
      config_sha256: null,
      bundle: null,
      takes_updates: false,
    };
    delete facts.device.details;
    const card = makeCard({ ...parts, agent, facts });
    expect(card).toMatchObject({ site: null, labels: {}, tools: [], measurement: null, model: null, bundle: null });
    expect(card.device.details).toEqual({});
  });

  test("cuts long texts, without halves of characters", () => {
    const parts = cardParts({
      settings: { site: `${"x".repeat(199)}🙂`, labels: { ["l".repeat(500)]: "v".repeat(500) } },
    });
    const { config } = parts.agent;
    const spec = { ...config.spec, name: "n".repeat(1000), capabilities: Array(1000).fill("c") };
    const card = makeCard({ ...parts, agent: { ...parts.agent, config: { ...config, spec } } });
    expect(card.site).toBe("x".repeat(199));
    expect(card.labels).toEqual({ ["l".repeat(200)]: "v".repeat(200) });
    expect(card.agent.name).toHaveLength(200);
    expect(card.agent.capabilities).toEqual(["c"]);
  });
});
