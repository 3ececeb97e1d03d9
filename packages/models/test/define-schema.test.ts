import * as models from "@nanoagent/models";
import { AgentMessage, AgentSpec, InvalidDataError, NanoAgentConfigFile, type Schema } from "@nanoagent/models";
import { describe, expect, test } from "vitest";
import { sourceOf } from "../src/define-schema.js";
import {
  fullConfig,
  sampleDevice,
  sampleForecast,
  sampleLedger,
  sampleMeasurement,
  samplePlan,
  sampleSummary,
} from "./samples.js";

const sampleScenarios = {
  name: "house",
  tools: [{ name: "switch_lamp", description: "Switches a lamp" }],
  scenarios: [{ id: "one", say: "Switch it on.", expect: [{ tool: "switch_lamp" }] }],
};

/** Every schema that the package exports, with a valid value. */
const schemas: [string, Schema<unknown>, unknown][] = [
  ["AgentSpec", AgentSpec, { name: "field-assistant" }],
  ["EdgeDevice", models.EdgeDevice, sampleDevice],
  ["NanoAgentConfig", models.NanoAgentConfig, fullConfig],
  ["NanoAgentConfigFile", NanoAgentConfigFile, { spec: { name: "a" } }],
  ["AgentMessage", AgentMessage, { role: "user", content: "hello", timestamp: "2026-01-31T12:00:00Z" }],
  ["ModelSummary", models.ModelSummary, sampleSummary],
  ["MemoryLedger", models.MemoryLedger, sampleLedger],
  ["SpeedForecast", models.SpeedForecast, sampleForecast],
  ["FitPlan", models.FitPlan, samplePlan],
  ["SamplingSettings", models.SamplingSettings, { temperature: 0.2, stop: ["END"] }],
  ["ScenarioFile", models.ScenarioFile, sampleScenarios],
  ["DeviceMeasurement", models.DeviceMeasurement, sampleMeasurement],
];

test("the list has all schemas that the package exports", () => {
  const exported = Object.entries(models).filter(([, value]) => typeof value === "object" && "~standard" in value);
  expect(exported.map(([name]) => name).sort()).toEqual(schemas.map(([name]) => name).sort());
});

describe.each(schemas)("%s", (_, schema, valid) => {
  test("parse returns the value of safeParse, or throws its issues", () => {
    expect(schema.safeParse(valid)).toEqual({ success: true, value: schema.parse(valid) });
    const result = schema.safeParse({ nonsense: 1 });
    if (result.success) throw new Error("nonsense was accepted");
    const error = thrownBy(() => schema.parse({ nonsense: 1 }));
    expect(error).toBeInstanceOf(InvalidDataError);
    expect((error as InvalidDataError).issues).toEqual(result.issues);
  });

  test("is a Standard Schema, version 1", () => {
    const standard = schema["~standard"];
    expect(standard).toMatchObject({ version: 1, vendor: "nanoagent" });
    const { validate } = standard;
    expect(validate(valid)).toEqual({ value: schema.parse(valid) });

    const refusal = validate({ nonsense: 1 });
    if (!("issues" in refusal)) throw new Error("nonsense was accepted");
    expect(refusal).not.toHaveProperty("value");
    expect(refusal.issues.length).toBeGreaterThan(0);
    for (const { message, path } of refusal.issues) {
      expect(message).toEqual(expect.any(String));
      for (const key of path) expect(["string", "number"]).toContain(typeof key);
    }
  });

  test("does not change the given value", () => {
    const before = structuredClone(valid);
    schema.parse(valid);
    expect(valid).toEqual(before);
  });

  test("parsing its own result gives the same result", () => {
    const once = schema.parse(valid);
    expect(schema.parse(JSON.parse(JSON.stringify(once)))).toEqual(once);
  });

  test("refuses values that are not a map", () => {
    for (const value of [undefined, null, true, 7, Number.NaN, "", [], () => valid, Symbol("s"), 1n]) {
      expect(schema.safeParse(value).success, String(value)).toBe(false);
    }
  });
});

test("issues of a Standard Schema have a path", () => {
  expect(NanoAgentConfigFile["~standard"].validate({ spec: { name: "a", capabilities: [1] } })).toMatchObject({
    issues: [{ path: ["spec", "capabilities", 0], message: "expected a string, found 1: put it in quotes" }],
  });
});

test("sourceOf returns the zod schema of our schemas, and refuses other objects", () => {
  expect(sourceOf(AgentSpec).safeParse({ name: "a" }).success).toBe(true);
  expect(() => sourceOf({ ...AgentSpec })).toThrow(TypeError);
});

function thrownBy(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  return undefined;
}
