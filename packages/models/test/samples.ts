import type {
  DeviceMeasurement,
  EdgeDevice,
  FitPlan,
  MemoryLedger,
  ModelSummary,
  NanoAgentConfigInput,
  SpeedForecast,
} from "@nanoagent/models";

export const sampleDevice: EdgeDevice = {
  device_id: "rpi4-4core",
  platform: "linux-aarch64",
  memory_mb: 4096,
  cpu_cores: 4,
  has_gpu: false,
};

/** Config with keys at every level. */
export const fullConfig = {
  spec: {
    name: "field-assistant",
    version: "0.1.0",
    capabilities: ["status-check", "echo"],
    max_memory_mb: 256,
    max_model_size_mb: 50,
  },
  device: sampleDevice,
  model_path: "models/small.gguf",
  model_root: "models",
  instructions: "Answer in one sentence.",
  engine: {
    type: "openai-compatible",
    url: "http://127.0.0.1:8080/v1",
    model: "small",
    api_key_env: "SERVER_KEY",
    allow_network: false,
    isolation: "process",
    idle_unload_seconds: 0,
    context: 2048,
    first_token_seconds: 300,
    next_token_seconds: 30,
  },
  sampling: {
    temperature: 0.7,
    top_p: 0.9,
    top_k: 40,
    min_p: 0.05,
    repeat_penalty: 1.1,
    seed: 7,
    max_tokens: 256,
    stop: ["END"],
  },
  intents: {
    slots: {
      zone: ["north", { value: "south", say: { en: ["south", "sunny side"], de: ["Süden"] } }],
      minutes: { from: 1, to: 60, step: 1 },
      note: "text",
    },
    definitions: [
      {
        name: "water",
        sentences: { en: ["water [the] {zone} [for {minutes} minutes]"], de: ["{zone} gießen"] },
        tool: "water",
        arguments: { zone: "{zone}", minutes: "{minutes}" },
        defaults: { minutes: 5 },
        answer: { en: "Watering {zone}.", de: "{zone} wird gegossen." },
        failure: "That did not work: {error}",
      },
    ],
  },
  tools: [
    {
      name: "water",
      description: "Opens a valve.",
      command: ["./water", "--zone={zone}", "{minutes}"],
      arguments: {
        zone: { type: "string", description: "Which bed.", enum: ["north", "south"], max_length: 10, default: "north" },
        minutes: { type: "integer", minimum: 1, maximum: 60, optional: true },
      },
      permission: "ask",
      changes_world: true,
      timeout_seconds: 10,
      working_directory: "valves",
      environment: { VALVE: "1" },
      max_output_kb: 4,
      max_memory_mb: 16,
    },
  ],
  mcp_servers: {
    files: {
      command: ["files-server", "--quiet"],
      working_directory: "files",
      environment: { LEVEL: "1" },
      environment_from: ["FILES_KEY"],
      max_memory_mb: 128,
      permission: "ask",
      tools: ["list", "read"],
      start_timeout_seconds: 20,
      timeout_seconds: 10,
    },
    house: {
      url: "http://127.0.0.1:8123/mcp",
      allow_network: false,
      api_key_env: "HOUSE_KEY",
      api_key_header: "X-Key",
      tools: { lamp: { permission: "always", changes_world: false } },
    },
  },
  skills_dir: "skills",
  session: { dir: "sessions", fsync: "turn", on_write_error: "deliver", retention: { max_mb: 64, max_days: 365 } },
  window: { on_overflow: "drop" },
} as const satisfies DeepReadonly<NanoAgentConfigInput>;

export const sampleSummary: ModelSummary = {
  format: "gguf",
  architecture: "llama",
  name: "stories15M",
  file_bytes: 19_077_344,
  parameter_count: 24_407_712,
  layer_count: 6,
  embedding_length: 288,
  feed_forward_length: 768,
  head_count: 6,
  kv_head_count: 6,
  vocabulary_size: 32_000,
  training_context_tokens: 128,
  tensors_by_type: { q4_0: { count: 43, bytes: 8_884_224 }, f32: { count: 13, bytes: 14_976 } },
};

export const sampleLedger: MemoryLedger = {
  lines: [
    {
      name: "weights",
      kind: "evictable",
      reserved_bytes: 0,
      resident_bytes: 19_077_344,
      explanation: "the file, mapped",
    },
    {
      name: "kv-cache",
      kind: "pinned",
      reserved_bytes: 884_736,
      resident_bytes: 884_736,
      explanation: "2 × 6 × 288 × 128 × 2",
    },
    { name: "repack", kind: "transient", reserved_bytes: 1_048_576, resident_bytes: 0, explanation: "one tensor" },
  ],
  steady_reserved_bytes: 884_736,
  steady_resident_bytes: 19_962_080,
  peak_reserved_bytes: 1_933_312,
  peak_resident_bytes: 19_962_080,
};

export const sampleForecast: SpeedForecast = {
  grade: "prior",
  prefill_at_start: { expected: 310.5, low: 200, high: 420 },
  prefill_at_full_context: { expected: 280, low: 180, high: 400 },
  decode_at_start: { expected: 95.25, low: 60, high: 120 },
  decode_at_full_context: { expected: 88, low: 0, high: 110 },
};

export const samplePlan: FitPlan = {
  model_path: "/models/small.gguf",
  model: sampleSummary,
  quantize_to: null,
  context_tokens: 128,
  kv_type: "f16",
  batch_tokens: 64,
  prefill_threads: 4,
  decode_threads: 3,
  maps_file: true,
  constrains_output: false,
  ledger: sampleLedger,
  forecast: sampleForecast,
  quality: { grade: "prior", expected_divergence: 0.066, low: 0.04, high: 0.11 },
};

type DeepReadonly<Value> = { readonly [Key in keyof Value]: DeepReadonly<Value[Key]> };

export const sampleMeasurement: DeviceMeasurement = {
  format: 1,
  measured_at: "2026-11-23T03:50:00.000Z",
  device: { platform: "linux-aarch64", cpu_model: "Cortex-A76", cpu_cores: 4, memory_mb: 8064 },
  engine_version: null,
  bandwidth: [{ threads: 1, per_second: 9e9, spread: 0.05 }],
  dot_products: [{ type: "q8_0", per_second: 4e9, spread: 0.1 }],
  storage_read: { per_second: 8e7, spread: 0.3 },
  contention: 0.02,
  temperature_celsius: { before: 48.5, after: 61 },
  calibrations: [
    {
      model: "abc",
      type: "q4_0",
      work: {
        weights_by_type: { q4_0: 6_000_000 },
        output_weights_by_type: { q4_0: 9_216_000 },
        layer_count: 6,
        attention: [{ numbers_per_token: 3456, window_tokens: null }],
        state_numbers: 0,
      },
      threads: 2,
      context_tokens: 16,
      prefill_tokens_per_second: 80,
      decode_tokens_per_second: 12,
    },
  ],
};
