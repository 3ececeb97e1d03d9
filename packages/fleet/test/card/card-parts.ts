import { type DeviceMeasurement, type FitPlan, NanoAgentConfig } from "@nanoagent/models";
import { defineTool } from "@nanoagent/runtime";
import type { CardParts } from "../../src/card/make-card.js";

/** A config whose values must not be in a card, each with the word `hidden`. */
const guardedConfig = {
  spec: { name: "kiosk", version: "1.2.0", capabilities: ["door"], max_memory_mb: 300, max_model_size_mb: 200 },
  device: { device_id: "pi-of-the-hall", platform: "linux-aarch64", memory_mb: 512, cpu_cores: 4, has_gpu: false },
  instructions: "hidden instructions",
  model_path: "/srv/hidden/models/tiny-q4.gguf",
  engine: { type: "llama", url: "http://hidden.example:8080/v1", api_key_env: "HIDDEN_KEY" },
  session: { dir: "/var/hidden/session" },
  intents: {
    definitions: [
      { name: "hello", sentences: { en: ["hidden sentence"], de: ["verborgener Satz"] }, answer: "hidden answer" },
      { name: "bye", sentences: { en: ["bye"] }, answer: "hidden answer" },
    ],
  },
  mqtt: { url: "mqtts://hidden.example", username: "hidden-user", password_env: "HIDDEN_PASSWORD" },
  fleet: { site: "berlin", labels: { floor: "2" }, trust: ["hidden key"] },
} as const;

export const plan: FitPlan = {
  model_path: "/srv/hidden/models/tiny-q4.gguf",
  model: {
    format: "gguf",
    architecture: "llama",
    name: "Tiny",
    file_bytes: 1000,
    parameter_count: 100,
    layer_count: 2,
    embedding_length: 8,
    feed_forward_length: 16,
    head_count: 2,
    kv_head_count: 2,
    vocabulary_size: 32,
    training_context_tokens: 512,
    tensors_by_type: { q4_k: { count: 4, bytes: 900 } },
  },
  quantize_to: null,
  context_tokens: 512,
  kv_type: "f16",
  batch_tokens: 64,
  prefill_threads: 4,
  decode_threads: 4,
  maps_file: true,
  constrains_output: false,
  ledger: {
    lines: [{ name: "weights", kind: "evictable", reserved_bytes: 0, resident_bytes: 900, explanation: "mapped" }],
    steady_reserved_bytes: 0,
    steady_resident_bytes: 900,
    peak_reserved_bytes: 0,
    peak_resident_bytes: 900,
  },
  forecast: null,
  quality: null,
};

export const measurement: DeviceMeasurement = {
  format: 1,
  measured_at: "2026-11-01T00:00:00.000Z",
  device: { platform: "linux-aarch64", cpu_model: "Cortex-A76", cpu_cores: 4, memory_mb: 512 },
  engine_version: "3.22.1",
  bandwidth: [{ threads: 4, per_second: 9e9, spread: 0.02 }],
  dot_products: [{ type: "q4_k", per_second: 3e9, spread: 0.01 }],
  storage_read: null,
  contention: 0.01,
  temperature_celsius: null,
  calibrations: [
    {
      model: "/srv/hidden/models/tiny-q4.gguf",
      type: "q4_k",
      work: {
        weights_by_type: { q4_k: 900 },
        output_weights_by_type: { q4_k: 100 },
        layer_count: 2,
        attention: [{ numbers_per_token: 16, window_tokens: null }],
        state_numbers: 0,
      },
      threads: 4,
      context_tokens: 16,
      prefill_tokens_per_second: 100,
      decode_tokens_per_second: 20,
    },
  ],
};

const known = <Value>(value: Value, source = "/sys/hidden") => ({ value, source, confidence: "certain" as const });

const tool = (name: string, changesWorld: boolean) =>
  defineTool({ name, description: "hidden text", input: { type: "object" }, changesWorld, run: () => "done" });

/** Parts of a card. Values that must not be in it contain the word `hidden`. */
export function cardParts(changes: Partial<CardParts> = {}): CardParts {
  const config = NanoAgentConfig.parse(guardedConfig);
  return {
    id: "kiosk-1",
    settings: config.fleet ?? {},
    agent: {
      config,
      engine: { name: "llama", contextTokens: 512 },
      tools: [tool("door", true), tool("weather", false)],
    },
    plan,
    versions: { nanoagent: "0.1.0", node: "20.20.2" },
    facts: {
      device: {
        ...config.device,
        device_id: "linux-aarch64-4core",
        details: {
          memory: {
            total_bytes: known(536_870_912),
            available_bytes: known(100),
            limit_bytes: known(null, "/user.slice/hidden"),
          },
          cpu: { model: known("Cortex-A76"), features: known(["dotprod"]), caches: { error: "/sys/hidden" } },
          storage: { path: known("/var/hidden"), kind: known("sd-card"), free_bytes: known(12) },
          thermal: { temperature_celsius: known(51.5) },
        },
      },
      measurement,
      config_sha256: "a".repeat(64),
      bundle: { name: "kiosk", version: "1.0", sequence: 7 },
      takes_updates: true,
    },
    health: { status: "degraded", reasons: [{ code: "trigger-failing" }, { code: "trigger-failing" }] },
    at: "2026-11-30T09:00:00.000Z",
    ...changes,
  };
}
