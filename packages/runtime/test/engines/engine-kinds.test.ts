import { type EngineSettings, NanoAgentConfig, type NanoAgentConfigInput } from "@nanoagent/models";
import { EngineError, NanoRuntime } from "@nanoagent/runtime";
import { checkEngine, engineTypeOf, findUnusedSettings } from "@nanoagent/runtime/program";
import { describe, expect, test } from "vitest";
import { sampleConfig } from "../sample-config.js";

const configOf = (changes: object = {}) => NanoAgentConfig.parse(sampleConfig(changes));
/** A type that the schema rejects but JavaScript can pass. */
const unknown = { ...configOf(), engine: { type: "lama" as never } };

describe("the type of a config's engine", () => {
  test.each<[string, Partial<NanoAgentConfigInput>]>([
    ["rules", {}],
    ["rules", { engine: {} }],
    ["rules", { engine: { type: "rules" }, model_path: "a.gguf" }],
    ["llama", { model_path: "a.gguf" }],
    ["llama", { engine: { type: "llama" } }],
    ["openai-compatible", { engine: { type: "openai-compatible" } }],
    ["openai-compatible", { engine: { type: "openai-compatible" }, model_path: "a.gguf" }],
  ])("is %s for %j", (type, changes) => {
    expect(engineTypeOf(sampleConfig(changes))).toBe(type);
  });

  test.each(["lama", "constructor", ""])("%j is an error that lists the known types", (type) => {
    const config = { ...configOf(), engine: { type: type as never } };
    expect(() => engineTypeOf(config)).toThrow(EngineError);
    expect(() => engineTypeOf(config)).toThrow(
      expect.objectContaining({
        code: "engine-unavailable",
        message: `Unknown engine type "${type}".`,
        hint: "Set engine.type to one of: rules, llama, openai-compatible.",
      }),
    );
  });

  test("has a row for each type that the schema knows", async () => {
    const types = ["rules", "llama", "openai-compatible"] satisfies EngineSettings["type"][];
    for (const type of types) expect(engineTypeOf({ engine: { type } })).toBe(type);
    await expect(new NanoRuntime().load(unknown)).rejects.toThrow(/engine\.type.*rules.*llama.*openai-compatible/);
  });
});

describe("a check without opening", () => {
  test("the rules need nothing", async () => {
    expect(await checkEngine(configOf())).toEqual({ summary: "the built-in rules", issues: [], model: null });
  });

  test("llama needs a model", async () => {
    const { issues } = await checkEngine(configOf({ engine: { type: "llama" } }));
    expect(issues).toMatchObject([{ severity: "error", path: ["engine", "type"], code: "engine-unavailable" }]);
  });

  test("a missing model file is reported once, and nothing is planned", async () => {
    const { summary, issues, model } = await checkEngine(configOf({ model_path: "/nowhere/a.gguf" }));
    expect({ summary, model }).toEqual({ summary: "a.gguf", model: null });
    expect(issues).toMatchObject([{ severity: "error", path: ["model_path"], code: "model-not-found" }]);
  });

  test("a server needs an address and is not contacted", async () => {
    const type = "openai-compatible";
    const { issues } = await checkEngine(configOf({ engine: { type } }));
    expect(issues).toMatchObject([{ severity: "error", path: ["engine"], code: "remote-settings-invalid" }]);
    const { summary } = await checkEngine(configOf({ engine: { type, url: "http://127.0.0.1:9" } }));
    expect(summary).toMatch(/^the server at .*127\.0\.0\.1:9.* \(not contacted\)$/);
  });

  test("an unknown type is an error instead of llama", async () => {
    await expect(checkEngine(unknown)).rejects.toMatchObject({ code: "engine-unavailable" });
  });
});

describe("settings without effect", () => {
  const paths = (changes: object, isGiven = false) =>
    findUnusedSettings(configOf(changes), isGiven).map(({ path }) => path.join("."));

  test("on the rules", () => {
    expect(
      paths({
        instructions: "Be brief.",
        model_path: "a.gguf",
        engine: { type: "rules", context: 512 },
        window: { on_overflow: "summarize" },
      }),
    ).toEqual(["instructions", "model_path", "engine.context", "window.on_overflow"]);
  });

  // A new key of the schema is missing here until someone decides which engines use it.
  const everyKey: Required<Omit<EngineSettings, "type">> = {
    url: "http://127.0.0.1:9",
    model: "m",
    api_key_env: "KEY",
    allow_network: false,
    isolation: "process",
    idle_unload_seconds: 1,
    context: 512,
    thinking: "off",
    first_token_seconds: 1,
    next_token_seconds: 1,
  };
  const used: Record<string, readonly string[]> = {
    rules: [],
    llama: ["isolation", "idle_unload_seconds", "context", "thinking"],
    "openai-compatible": [
      "url",
      "model",
      "api_key_env",
      "allow_network",
      "context",
      "thinking",
      "first_token_seconds",
      "next_token_seconds",
    ],
  };
  test.each(Object.entries(used))("on %s: each key of engine is either used or reported", (type, keys) => {
    for (const key of Object.keys(everyKey) as (keyof typeof everyKey)[]) {
      const said = paths({ engine: { type, [key]: everyKey[key] } });
      expect(said).toEqual(keys.includes(key) ? [] : [`engine.${key}`]);
    }
  });

  test("with an engine that the program passes", () => {
    expect(paths({ engine: { type: "rules", context: 512 } }, true)).toEqual(["engine"]);
    expect(paths({ model_path: "a.gguf", instructions: "Be brief." })).toEqual([]);
  });
});
