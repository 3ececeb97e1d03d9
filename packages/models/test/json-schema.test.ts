import {
  AgentMessage,
  AgentSpec,
  DeviceMeasurement,
  EdgeDevice,
  FitPlan,
  ModelSummary,
  NanoAgentConfigFile,
  ScenarioFile,
  type Schema,
} from "@nanoagent/models";
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, test } from "vitest";
import * as z from "zod/mini";
import { sourceOf } from "../src/define-schema.js";
import { agentMessageTexts } from "../src/descriptions/agent-message-texts.js";
import { agentSpecTexts } from "../src/descriptions/agent-spec-texts.js";
import { configTexts } from "../src/descriptions/config-texts.js";
import {
  describeJsonSchema,
  findUndescribed,
  type JsonSchema,
  visitKeys,
} from "../src/descriptions/describe-json-schema.js";
import { deviceMeasurementTexts } from "../src/descriptions/device-measurement-texts.js";
import { edgeDeviceTexts } from "../src/descriptions/edge-device-texts.js";
import { fitPlanTexts } from "../src/descriptions/fit-plan-texts.js";
import type { KeyTexts } from "../src/descriptions/key-texts.js";
import { modelSummaryTexts } from "../src/descriptions/model-summary-texts.js";
import { scenarioTexts } from "../src/descriptions/scenario-texts.js";
import { fullConfig, sampleDevice, samplePlan, sampleSummary } from "./samples.js";

// `pnpm generate` runs these tests with -u, which writes the files.
const files: [string, string, Schema<unknown>, KeyTexts][] = [
  ["nano-agent-config", "NanoAgentConfigFile", NanoAgentConfigFile, configTexts],
  ["agent-spec", "AgentSpec", AgentSpec, agentSpecTexts],
  ["edge-device", "EdgeDevice", EdgeDevice, edgeDeviceTexts],
  ["device-measurement", "DeviceMeasurement", DeviceMeasurement, deviceMeasurementTexts],
  ["agent-message", "AgentMessage", AgentMessage, agentMessageTexts],
  ["model-summary", "ModelSummary", ModelSummary, modelSummaryTexts],
  ["fit-plan", "FitPlan", FitPlan, fitPlanTexts],
  ["scenario-file", "ScenarioFile", ScenarioFile, scenarioTexts],
];

const PLACEHOLDER = String.raw`^\$\{\w+(:?[-?].*)?\}$`;

/** Returns the JSON Schema of a document as people and programs write it: keys with a default may be absent. */
function jsonSchemaOf(title: string, schema: Schema<unknown>, texts: KeyTexts): Record<string, unknown> {
  const { $schema, ...rest } = z.toJSONSchema(sourceOf(schema), {
    io: "input",
    override({ jsonSchema }) {
      // The default would be the time of the generation.
      if (jsonSchema.format === "date-time") delete jsonSchema.default;
      // True of every JSON document.
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
      delete jsonSchema.propertyNames;
      // In a config file, numbers and booleans may be environment variables.
      const isScalar = ["integer", "number", "boolean"].includes(String(jsonSchema.type));
      if (title === "NanoAgentConfigFile" && isScalar) {
        Object.assign(jsonSchema, { type: [jsonSchema.type, "string"], pattern: PLACEHOLDER });
      }
    },
  });
  const { description, ...described } = describeJsonSchema(rest as JsonSchema, texts);
  return { $schema, title, description, ...described };
}

describe.each(files)("schemas/%s.json", (name, title, schema, texts) => {
  test("is up to date", async () => {
    // On one line: the files are for editors, and small for devices.
    const text = `${JSON.stringify(jsonSchemaOf(title, schema, texts))}\n`;
    await expect(text).toMatchFileSnapshot(`../schemas/${name}.json`);
  });

  test("describes every key", () => {
    expect(findUndescribed(jsonSchemaOf(title, schema, texts) as JsonSchema)).toEqual([]);
  });

  test("has only valid defaults and examples", () => {
    const document = jsonSchemaOf(title, schema, texts) as JsonSchema;
    const ajv = new Ajv2020({ strict: false, validateFormats: false });
    const invalid: unknown[] = [];
    visitKeys(document, (path, { default: value, examples = [], ...key }) => {
      const validate = ajv.compile({ ...key, $defs: document.$defs ?? {} });
      for (const sample of value === undefined ? examples : [value, ...examples]) {
        if (!validate(sample)) invalid.push({ path, sample });
      }
    });
    expect(invalid).toEqual([]);
  });

  test("has its metadata, and nothing that depends on the time or machine", () => {
    const text = JSON.stringify(jsonSchemaOf(title, schema, texts));
    expect(JSON.parse(text)).toMatchObject({
      $schema: "https://json-schema.org/draft/2020-12/schema",
      title,
      type: "object",
      additionalProperties: false,
    });
    expect(text).not.toContain("9007199254740991");
    expect(text).not.toContain(`"${new Date().getFullYear()}-`);
  });
});

test("an editor accepts an environment variable in place of a number, but no other text", () => {
  const validate = new Ajv2020({ strict: false, validateFormats: false }).compile(
    jsonSchemaOf("NanoAgentConfigFile", NanoAgentConfigFile, configTexts),
  );
  const accepts = (max_memory_mb: unknown) => validate({ spec: { name: "a", max_memory_mb } });
  expect([512, "$" + "{MB}", "$" + "{MB:-512}"].map(accepts)).toEqual([true, true, true]);
  expect(["512", "2GB", "$MB", 0, 1.5].map(accepts)).toEqual([false, false, false, false, false]);
});

describe("a check by the JSON Schema agrees with our own check", () => {
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  const checks = new Map(
    files.map(([name, title, schema, texts]) => [
      name,
      { schema, validate: ajv.compile(jsonSchemaOf(title, schema, texts)) },
    ]),
  );

  function verdicts(name: string, document: unknown) {
    const check = checks.get(name);
    return { editor: check?.validate(document), own: check?.schema.safeParse(document).success };
  }

  const scenarios = (scenario = {}) => ({
    name: "house",
    tools: [{ name: "lamp", description: "Switches a lamp.", parameters: { properties: { room: {} } } }],
    scenarios: [{ id: "one", say: "Hello", ...scenario }],
  });
  const spec = { name: "field-assistant" };
  const message = { role: "user", content: "hello" };
  const fieldAssistant = {
    spec: {
      name: "field-assistant",
      version: "0.1.0",
      capabilities: ["status-check", "echo"],
      max_memory_mb: 256,
      max_model_size_mb: 50,
    },
    device: { device_id: "rpi4-4core", platform: "linux-aarch64", memory_mb: 4096, cpu_cores: 4, has_gpu: false },
    model_path: null,
  };

  test.each<[string, unknown]>([
    ["nano-agent-config", fieldAssistant],
    ["nano-agent-config", fullConfig],
    ["nano-agent-config", { spec }],
    ["nano-agent-config", { spec, device: "auto" }],
    ["nano-agent-config", { spec, device: { auto: true } }],
    ["nano-agent-config", { spec, device: { auto: true, memory_mb: 512, has_gpu: true } }],
    ["nano-agent-config", { spec, engine: {}, window: {}, tools: [], intents: { definitions: [] }, mcp_servers: {} }],
    ["nano-agent-config", { spec, engine: { context: "auto" }, instructions: "" }],
    ["agent-spec", spec],
    ["agent-spec", { ...spec, version: "", capabilities: ["a", "a"] }],
    ["agent-spec", { ...spec, max_memory_mb: 1.0 }],
    ["edge-device", sampleDevice],
    ["agent-message", message],
    ["agent-message", { ...message, timestamp: "2024-02-29T12:00:00.5Z" }],
    ["model-summary", sampleSummary],
    ["model-summary", { ...sampleSummary, name: null, layer_count: null, tensors_by_type: {} }],
    ["scenario-file", scenarios()],
    ["scenario-file", scenarios({ expect: "none", asks: true, reply: { forbids: ["sorry"] } })],
    [
      "scenario-file",
      scenarios({ expect: [{ tool: "lamp", arguments: { room: { from: 1, to: 2 } } }], part: "sealed" }),
    ],
    ["scenario-file", scenarios({ turns: [{ say: "Hello" }], before: [{ role: "user", content: "" }] })],
    ["fit-plan", samplePlan],
    ["fit-plan", { ...samplePlan, forecast: null }],
  ])("%s: both accept %j", (name, document) => {
    expect(verdicts(name, document)).toEqual({ editor: true, own: true });
  });

  test.each<[string, unknown]>([
    ["nano-agent-config", {}],
    ["nano-agent-config", []],
    ["nano-agent-config", null],
    ["nano-agent-config", { spec: null }],
    ["nano-agent-config", { spec, plugins: [] }],
    ["nano-agent-config", JSON.parse('{"spec": {"name": "a"}, "__proto__": {}}')],
    ["nano-agent-config", JSON.parse('{"spec": {"name": "a", "constructor": 1}}')],
    ["nano-agent-config", { spec, device: null }],
    ["nano-agent-config", { spec, device: "Auto" }],
    ["nano-agent-config", { spec, device: {} }],
    ["nano-agent-config", { spec, device: { auto: false } }],
    ["nano-agent-config", { spec, device: { auto: true, memory_mb: "512" } }],
    ["nano-agent-config", { spec, device: { ...sampleDevice, auto: false } }],
    ["nano-agent-config", { spec, model_path: "" }],
    ["nano-agent-config", { spec, engine: { type: "lama" } }],
    ["nano-agent-config", { spec, engine: { context: 0 } }],
    ["nano-agent-config", { spec, engine: { idle_unload_seconds: 1.5 } }],
    ["nano-agent-config", { spec, session: {} }],
    ["nano-agent-config", { spec, tools: ["lights"] }],
    ["nano-agent-config", { spec, tools: [{ name: "lights", description: "On.", command: [] }] }],
    ["nano-agent-config", { spec, tools: [{ name: "lights", description: "On.", command: "lights on" }] }],
    ["nano-agent-config", { spec, tools: [{ ...fullConfig.tools[0], permission: "sometimes" }] }],
    ["nano-agent-config", { spec, intents: [] }],
    ["nano-agent-config", { spec, intents: { definitions: [{ name: "a" }] } }],
    ["nano-agent-config", { spec, intents: { definitions: [{ name: "a", sentences: [] }] } }],
    ["nano-agent-config", { spec, intents: { definitions: [], slots: { zone: [] } } }],
    ["nano-agent-config", { spec, intents: { definitions: [], slots: { zone: "number" } } }],
    ["nano-agent-config", { spec, mcp_servers: { files: null } }],
    ["nano-agent-config", { spec, mcp_servers: { files: {} } }],
    ["nano-agent-config", { spec, mcp_servers: { files: { command: [] } } }],
    ["nano-agent-config", { spec, mcp_servers: { files: { command: ["a"], url: "http://127.0.0.1" } } }],
    ["nano-agent-config", { spec, mcp_servers: { files: { url: "a", tools: { b: { permission: "maybe" } } } } }],
    ["agent-spec", { name: "" }],
    ["agent-spec", { ...spec, version: 0.1 }],
    ["agent-spec", { ...spec, version: null }],
    ["agent-spec", { ...spec, max_memory_mb: "256" }],
    ["agent-spec", { ...spec, max_memory_mb: 0 }],
    ["agent-spec", { ...spec, max_memory_mb: 0.5 }],
    ["edge-device", { ...sampleDevice, has_gpu: "no" }],
    ["edge-device", { device_id: "a", platform: "b", memory_mb: 1 }],
    ["agent-message", { ...message, role: "User" }],
    ["agent-message", { ...message, timestamp: "2026-01-31T12:00:00+02:00" }],
    ["agent-message", { ...message, timestamp: "2026-02-30T12:00:00Z" }],
    ["model-summary", { ...sampleSummary, layer_count: 0 }],
    ["model-summary", { ...sampleSummary, tensors_by_type: { f16: { count: 1 } } }],
    ["scenario-file", { name: "a", tools: [] }],
    ["scenario-file", { name: "a", tools: [], scenarios: [] }],
    ["scenario-file", scenarios({ expect: "call" })],
    ["scenario-file", scenarios({ expect: [{ name: "lamp" }] })],
    ["scenario-file", scenarios({ turns: [] })],
    ["scenario-file", scenarios({ part: "test" })],
    ["scenario-file", scenarios({ before: [{ role: "system", content: "" }] })],
    ["fit-plan", { ...samplePlan, context_tokens: 0 }],
    ["fit-plan", { ...samplePlan, ledger: { ...samplePlan.ledger, peak_reserved_bytes: -1 } }],
    ["fit-plan", { ...samplePlan, forecast: { ...samplePlan.forecast, grade: "guess" } }],
    ["fit-plan", { ...samplePlan, forecast: undefined }],
  ])("%s: both refuse %j", (name, document) => {
    expect(verdicts(name, document)).toEqual({ editor: false, own: false });
  });
});
