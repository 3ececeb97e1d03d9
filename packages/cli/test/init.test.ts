import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { NanoAgentError } from "@nanoagent/models";
import { writeKnownModel } from "@nanoagent/optimizer/testing";
import { readConfig } from "@nanoagent/runtime/node";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { checkAgent } from "../src/check/check-agent.js";
import type { OptionValues } from "../src/command-line/command.js";
import { initAgent } from "../src/init/init-agent.js";
import { commentedConfig, configOf, type NewAgent } from "../src/init/new-agent.js";
import { suggestBudget } from "../src/init/suggest-budget.js";
import { runProgram } from "./run-program.js";
import { hasScript, Terminal } from "./terminal.js";

let folder: string;
const at = (...names: string[]) => path.join(folder, ...names);
let folders = 0;
const newFile = (name = "agent.yaml") => at(String(folders++), name);

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "nanoagent-init-"));
  await writeKnownModel(at("model.gguf"), "SmolLM2-135M", "q4_0");
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const box = { device_id: "box", platform: "linux-aarch64", memory_mb: 1024, cpu_cores: 4, has_gpu: false };
const agent: NewAgent = {
  name: "porter",
  device: box,
  model: null,
  modelName: null,
  memoryMb: 256,
  modelSizeMb: 100,
  sessionDir: "state",
  hasSentences: true,
};

/** Runs the action in this process, without a terminal. Returns its exit code and output. */
async function call(action: typeof initAgent, values: OptionValues): Promise<{ exitCode: number; stdout: string }> {
  const stdout = new PassThrough();
  const printed = text(stdout);
  const streams = { stdin: new PassThrough(), stdout, stderr: new PassThrough(), stop: new AbortController().signal };
  const exitCode = await action(values, streams, []);
  stdout.end();
  return { exitCode, stdout: await printed };
}

describe("the config that init writes", () => {
  test.each([{}, { with: "none" }, { with: "sentences" }, { "session-dir": "kept", name: "no: 'x' #" }])(
    "passes check with %j",
    async (values) => {
      const file = newFile();
      const { exitCode, stdout } = await call(initAgent, { file, ...values });
      expect([exitCode, stdout]).toEqual([0, expect.stringContaining(`nanoagent check --config ${file}`)]);
      const checked = await call(checkAgent, { config: file });
      expect(checked.stdout).toContain("All is well.");
      expect(checked.exitCode).toBe(0);
    },
  );

  test("runs, and saves the conversation", async () => {
    const file = newFile();
    await call(initAgent, { file, name: "porter" });
    const { stdout } = await runProgram(["run", "--config", file], "what time is it?\nnote that it rains\nhello\n");
    expect(stdout).toMatch(
      /Agent: It is \d\d:\d\d\.\nAgent: Noted: it rains\nAgent: Hello from porter! How can I assist\?\n/,
    );
    expect(await readdir(path.dirname(file))).toEqual([".nanoagent", "agent.yaml", "state"]);
  });

  test("has the model's path, and a budget that the model fits in", async () => {
    const file = newFile();
    const { exitCode, stdout } = await call(initAgent, { file, model: at("model.gguf") });
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^(?:Models|No figures for models) of this size .*\.\nNext:$/m);
    const config = await readConfig(file);
    expect(config.model_path).toBe(at("model.gguf"));
    expect(config.spec.max_memory_mb).toBeGreaterThan(150);
    expect(config.spec.max_memory_mb).toBeLessThan(600);
    // In the config's folder, the path is relative.
    await rm(file);
    const beside = at("agent.yaml");
    await call(initAgent, { file: beside, model: at("model.gguf") });
    expect(await readFile(beside, "utf8")).toContain("\nmodel_path: model.gguf # ");
  });

  test("is JSON if the file's name ends in .json, with the same agent", async () => {
    const [yaml, json] = [newFile(), newFile("agent.json")];
    await call(initAgent, { file: yaml, name: "porter" });
    const { stdout } = await call(initAgent, { file: json, name: "porter", json: true });
    const schema = path.join(path.dirname(json), ".nanoagent/nano-agent-config.schema.json");
    const config = JSON.parse(await readFile(json, "utf8"));
    expect(JSON.parse(stdout)).toEqual({ file: json, files: [json, schema], config });
    const inFolder = async (file: string) => JSON.stringify(await readConfig(file)).replaceAll(path.dirname(file), "…");
    expect(await inFolder(json)).toBe(await inFolder(yaml));
  });

  test("keeps any name and folder unchanged when it is read", async () => {
    const file = at("property.yaml");
    const anyText = fc.oneof(
      fc
        .string({
          minLength: 1,
          unit: fc.constantFrom(..."a'\"\\:#{}[]&*!|>%@`,-?~ \t\n\r\u001b\u007f\u0085\u2028\ufeff😀"),
        })
        // Command substitution, which configs reject.
        .filter((text) => !text.includes("`aa")),
      fc.constantFrom(
        "no",
        "True",
        "null",
        "~",
        "1.0",
        "0x1f",
        "1e3",
        "2026-01-01",
        "---",
        "<<",
        "=",
        "a: b",
        " a",
        "a ",
      ),
    );
    await fc.assert(
      fc.asyncProperty(anyText, anyText, fc.boolean(), async (name, dir, hasSentences) => {
        const made = { ...agent, name, sessionDir: dir, hasSentences };
        await writeFile(file, commentedConfig(made, file));
        const config = await readConfig(file, { profile: async () => box });
        expect(config.spec.name).toBe(name);
        expect(config.session?.dir).toBe(path.resolve(folder, dir));
        await writeFile(`${file}.json`, JSON.stringify(configOf(made, file)));
        expect(await readConfig(`${file}.json`, { profile: async () => box })).toEqual(config);
      }),
      { numRuns: 60 },
    );
  });
});

describe("the suggested memory budget", () => {
  test.each([
    [24_000, 256],
    [512, 256],
    [300, 150],
    [100, 64],
    [32, 32],
  ])("without a model, on a device with %d MB, is %d MB", async (memory_mb, memoryMb) => {
    const device = { ...box, memory_mb };
    expect((await suggestBudget({ device, usableMb: memory_mb }, null)).memoryMb).toBe(memoryMb);
  });

  test("fits the model, is smaller on a small device, and is an error if the model does not fit", async () => {
    const on = (memory_mb: number) =>
      suggestBudget({ device: { ...box, memory_mb }, usableMb: memory_mb }, at("model.gguf"));
    const { memoryMb } = await on(8192);
    expect((await on(memoryMb - 40)).memoryMb).toBeLessThanOrEqual(memoryMb - 40);
    await expect(on(100)).rejects.toMatchObject({ code: "does-not-fit" });
  });
});

describe("init writes nothing", () => {
  test.each([
    [{ model: "nowhere.gguf" }, "model-not-found", "There is no model file at "],
    [{ "memory-mb": 99_999_999 }, "insufficient-memory", "Agent requires 99999999 MB"],
    [{ "memory-mb": 1.5 }, "usage", '--memory-mb takes a whole number, found "1.5".'],
    [{ with: "session,magic" }, "usage", '--with takes session, sentences or none, found "magic".'],
  ])("with %j", async (values: OptionValues, code, message) => {
    const file = newFile();
    const error: unknown = await call(initAgent, { file, ...values }).catch((reason: unknown) => reason);
    expect(NanoAgentError.isInstance(error) && [error.code, error.message]).toEqual([
      code,
      expect.stringContaining(message),
    ]);
    await expect(readdir(path.dirname(file))).rejects.toMatchObject({ code: "ENOENT" });
  });

  test("over an existing file, even if several run at once", async () => {
    const file = newFile();
    const all = await Promise.allSettled(Array.from({ length: 4 }, () => call(initAgent, { file })));
    expect(all.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect((await readdir(path.dirname(file))).sort()).toEqual([".nanoagent", "agent.yaml"]);
    await writeFile(file, "mine");
    const { exitCode, stderr } = await runProgram(["init", file]);
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining(`${file} already exists.`)]);
    // In a folder, the default file name is used.
    expect((await runProgram(["init", path.dirname(file)])).stderr).toContain(`${file} already exists.`);
    expect(await readFile(file, "utf8")).toBe("mine");
  });
});

describe.skipIf(!hasScript)("at a terminal (script(1))", () => {
  test("init repeats a question until the answer is valid", async () => {
    const file = newFile();
    const terminal = new Terminal(["init", file]);
    for (const [question, answer] of [
      ["Name [", "porter"],
      ["or empty for none", "nowhere.gguf"],
      ["There is no model file at ", ""],
      ["Memory budget in MB", "many"],
      ['"many" is not a positive integer.', "128"],
      ["Save the conversation", "no"],
      ["Include two sample sentences", ""],
    ] as const) {
      await terminal.see(question);
      if (answer !== "") terminal.type(answer);
      terminal.type("\r");
    }
    await terminal.see("'porter' may take 128 of ");
    expect(await terminal.ended).toBe(0);
    const config = await readConfig(file);
    expect([config.spec.name, config.session, config.intents?.definitions.length]).toEqual(["porter", undefined, 2]);
  });

  test.each(["\u0003", "\u0004"])("Ctrl-C and Ctrl-D write nothing: %j", async (key) => {
    const file = newFile();
    const terminal = new Terminal(["init", file, "--name", "porter"]);
    await terminal.see("or empty for none");
    terminal.type(key);
    await terminal.see("Nothing was written.");
    expect(await terminal.ended).toBe(130);
    await expect(readdir(path.dirname(file))).rejects.toMatchObject({ code: "ENOENT" });
  });
});
