import { NanoAgentConfig, NanoAgentConfigFile } from "@nanoagent/models";
import { describe, expect, test } from "vitest";
import { issuesOf } from "./issues-of.js";
import { fullConfig, sampleDevice } from "./samples.js";

const spec = { name: "field-assistant" };

test("only a name and a device are required; all other keys have defaults", () => {
  expect(NanoAgentConfig.parse({ spec, device: sampleDevice })).toEqual({
    spec: { name: "field-assistant", version: "0.1.0", capabilities: [], max_memory_mb: 256, max_model_size_mb: 100 },
    device: sampleDevice,
    model_path: null,
  });
});

test("model_path may be null", () => {
  expect(NanoAgentConfig.parse({ spec, device: sampleDevice, model_path: null }).model_path).toBeNull();
});

test("all given keys are kept", () => {
  expect(NanoAgentConfig.parse(fullConfig)).toEqual(fullConfig);
  expect(NanoAgentConfigFile.parse(fullConfig)).toEqual(fullConfig);
});

test("parsing its own result gives the same result", () => {
  const config = NanoAgentConfig.parse({ spec, device: sampleDevice });
  expect(NanoAgentConfig.parse(config)).toEqual(config);
  expect(NanoAgentConfigFile.parse(config)).toEqual(config);
});

test("spec is always required, device only in a config that is loaded", () => {
  expect(issuesOf(NanoAgentConfigFile, {})).toEqual(["spec (missing): missing: expected a map of keys and values"]);
  expect(issuesOf(NanoAgentConfig, { spec })).toEqual(["device (missing): missing: expected a map of keys and values"]);
  expect(issuesOf(NanoAgentConfig, { spec, device: "auto" })).toEqual([
    'device (invalid): expected a map of keys and values, found "auto" (a string)',
  ]);
});

describe("the device of a file", () => {
  test.each([
    ["absent", undefined, "auto"],
    ["auto", "auto", "auto"],
    ["auto with what is known better", { auto: true, memory_mb: 512 }, { auto: true, memory_mb: 512 }],
    ["auto alone", { auto: true }, { auto: true }],
    ["auto with every key", { auto: true, ...sampleDevice }, { auto: true, ...sampleDevice }],
    ["complete", sampleDevice, sampleDevice],
    ["complete but for has_gpu", { ...sampleDevice, has_gpu: undefined }, sampleDevice],
  ])("may be %s", (_, device, expected) => {
    expect(NanoAgentConfigFile.parse({ spec, device }).device).toEqual(expected);
  });

  const all = "device_id, platform, memory_mb, cpu_cores, has_gpu, details";
  test.each([
    [{ auto: false }, "device.auto (invalid): expected true, found false"],
    [{ auto: "true" }, 'device.auto (invalid): expected true, found "true" (a string): remove the quotes'],
    [{ auto: null, memory_mb: 512 }, "device.auto (invalid): expected true, found null"],
    [{}, "device.auto (missing): missing: expected true"],
    [{ memory_mb: 512 }, "device.auto (missing): missing: expected true"],
    [
      { ...sampleDevice, cpu_cores: undefined },
      "device.cpu_cores (missing): missing: expected an integer of at least 1",
    ],
    [{ ...sampleDevice, auto: false }, `device.auto (unknown-key): unknown key: expected one of ${all}`],
    [{ ...sampleDevice, gpus: 1 }, `device.gpus (unknown-key): unknown key: expected one of ${all}`],
    [{ auto: true, memry_mb: 1 }, 'device.memry_mb (unknown-key): unknown key: did you mean "memory_mb"?'],
    [{ auto: true, disk: 1 }, `device.disk (unknown-key): unknown key: expected one of auto, ${all}`],
    [
      { auto: true, memory_mb: "512" },
      'device.memory_mb (invalid): expected an integer of at least 1, found "512" (a string): remove the quotes',
    ],
    [
      "Auto",
      'device (invalid): expected a map of keys and values or "auto", found "Auto" (a string): did you mean "auto"?',
    ],
    ["rpi4", 'device (invalid): expected a map of keys and values or "auto", found "rpi4" (a string)'],
    [null, 'device (invalid): expected a map of keys and values or "auto", found null'],
    [true, 'device (invalid): expected a map of keys and values or "auto", found true'],
    [[sampleDevice], 'device (invalid): expected a map of keys and values or "auto", found a list'],
  ])("may not be %j", (device, issue) => {
    expect(issuesOf(NanoAgentConfigFile, { spec, device })).toEqual([issue]);
  });
});

describe("unknown keys are reported with the nearest known key, at every level", () => {
  test.each([
    [{ model: "a.gguf" }, "model", "model_path"],
    [{ modelPath: "a.gguf" }, "modelPath", "model_path"],
    [{ tool: [] }, "tool", "tools"],
    [{ "mcp-servers": {} }, "mcp-servers", "mcp_servers"],
    [{ plugins: [] }, "plugins", null],
    [{ spec: { ...spec, max_memory: 1 } }, "spec.max_memory", "max_memory_mb"],
    [{ device: { ...sampleDevice, cpu_core: 1 } }, "device.cpu_core", "cpu_cores"],
    [{ engine: { typ: "rules" } }, "engine.typ", "type"],
    [{ session: { dir: "s", sync: "turn" } }, "session.sync", "fsync"],
    [{ intents: { definition: [], definitions: [] } }, "intents.definition", "definitions"],
    [{ tools: [{ name: "a", description: "a", command: ["a"], cmd: "a" }] }, "tools.0.cmd", null],
    [{ tools: [{ name: "a", description: "a", command: ["a"], timeout: 1 }] }, "tools.0.timeout", "timeout_seconds"],
    [{ mcp_servers: { a: { command: ["a"], timeout: 1 } } }, "mcp_servers.a.timeout", "timeout_seconds"],
    [{ mcp_servers: { a: { url: "a", allow_net: true } } }, "mcp_servers.a.allow_net", "allow_network"],
    [{ window: { onOverflow: "drop" } }, "window.onOverflow", "on_overflow"],
  ])("%j", (change, place, nearest) => {
    const result = NanoAgentConfigFile.safeParse({ spec, ...change });
    const issues = result.success ? [] : result.issues;
    expect(issues.map((issue) => [issue.path.join("."), issue.kind, issue.nearest])).toEqual([
      [place, "unknown-key", nearest],
    ]);
  });
});

test("names of servers, slots and variables may be any text", () => {
  const open = {
    intents: {
      slots: { constructor: "text" },
      definitions: [{ name: "a", sentences: { en: ["a"] }, arguments: { anything: { at: ["all"] } } }],
    },
    tools: [{ name: "a", description: "a", command: ["a"], arguments: { toString: { type: "string" } } }],
    mcp_servers: { constructor: { command: ["a"] }, hasOwnProperty: { url: "a" } },
  };
  expect(NanoAgentConfigFile.parse({ spec, ...open })).toMatchObject(open);
});

describe("values of the wrong type", () => {
  const string = "expected a string that is not empty";
  const engines = '"rules" or "llama" or "openai-compatible"';
  test.each([
    [
      { spec: "field-assistant" },
      'spec (invalid): expected a map of keys and values, found "field-assistant" (a string)',
    ],
    [{ model_path: 7 }, `model_path (invalid): ${string}, found 7: put it in quotes`],
    [{ model_path: "" }, `model_path (invalid): ${string}, found "" (a string)`],
    [{ model_root: null }, `model_root (invalid): ${string}, found null`],
    [{ instructions: ["Be", "brief"] }, "instructions (invalid): expected a string, found a list"],
    [{ engine: "rules" }, 'engine (invalid): expected a map of keys and values, found "rules" (a string)'],
    [{ engine: null }, "engine (invalid): expected a map of keys and values, found null"],
    [
      { engine: { type: "lama" } },
      `engine.type (invalid): expected ${engines}, found "lama" (a string): did you mean "llama"?`,
    ],
    [{ engine: { type: 1 } }, `engine.type (invalid): expected ${engines}, found 1`],
    [{ engine: { url: "" } }, `engine.url (invalid): ${string}, found "" (a string)`],
    [{ engine: { model: 3 } }, `engine.model (invalid): ${string}, found 3: put it in quotes`],
    [{ engine: { api_key_env: false } }, `engine.api_key_env (invalid): ${string}, found false`],
    [
      { engine: { allow_network: "no" } },
      'engine.allow_network (invalid): expected true or false, found "no" (a string): write false',
    ],
    [
      { engine: { isolation: "Process" } },
      'engine.isolation (invalid): expected "process" or "none", found "Process" (a string): did you mean "process"?',
    ],
    [
      { engine: { idle_unload_seconds: -1 } },
      "engine.idle_unload_seconds (invalid): expected an integer of at least 0, found -1",
    ],
    [{ engine: { context: 0 } }, 'engine.context (invalid): expected an integer of at least 1 or "auto", found 0'],
    [
      { engine: { context: "2048" } },
      'engine.context (invalid): expected an integer of at least 1 or "auto", found "2048" (a string): remove the quotes',
    ],
    [
      { engine: { context: "true" } },
      'engine.context (invalid): expected an integer of at least 1 or "auto", found "true" (a string)',
    ],
    [{ intents: [] }, "intents (invalid): expected a map of keys and values, found a list"],
    [{ intents: {} }, "intents.definitions (missing): missing: expected a list"],
    [{ tools: ["lights"] }, 'tools.0 (invalid): expected a map of keys and values, found "lights" (a string)'],
    [{ mcp_servers: [] }, "mcp_servers (invalid): expected a map of keys and values, found a list"],
    [{ mcp_servers: { files: true } }, "mcp_servers.files (invalid): expected a map of keys and values, found true"],
    [
      { mcp_servers: { files: { command: "a" } } },
      'mcp_servers.files.command (invalid): expected a list, found "a" (a string): write ["a"]',
    ],
    [{ skills_dir: "" }, `skills_dir (invalid): ${string}, found "" (a string)`],
    [{ session: {} }, `session.dir (missing): missing: ${string}`],
    [
      { session: { dir: "s", fsync: "turns" } },
      'session.fsync (invalid): expected "turn" or "batch" or "never", found "turns" (a string): did you mean "turn"?',
    ],
    [{ window: { on_overflow: null } }, 'window.on_overflow (invalid): expected "drop" or "summarize", found null'],
  ])("%j", (change, issue) => {
    expect(issuesOf(NanoAgentConfigFile, { spec, ...change })).toEqual([issue]);
  });
});

test("all faults are reported at once", () => {
  const config = { spec: { max_memory_mb: "256" }, device: "otto", engine: { typ: "rules" }, foo: 1 };
  expect(issuesOf(NanoAgentConfigFile, config)).toMatchInlineSnapshot(`
    [
      "spec.name (missing): missing: expected a string that is not empty",
      "spec.max_memory_mb (invalid): expected an integer of at least 1, found "256" (a string): remove the quotes",
      "device (invalid): expected a map of keys and values or "auto", found "otto" (a string)",
      "engine.typ (unknown-key): unknown key: did you mean "type"?",
      "foo (unknown-key): unknown key: expected one of spec, device, model_path, model_root, instructions, engine, sampling, intents, tools, mcp_servers, skills_dir, session, window, acts, serve, triggers, mqtt, fleet, $schema",
    ]
  `);
});
