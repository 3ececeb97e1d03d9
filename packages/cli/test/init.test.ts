import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { NanoAgentError } from "@nanoagent/models";
import { writeSparseGguf } from "@nanoagent/optimizer/testing";
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
  await writeSparseGguf(at("model.gguf"), {
    embeddingLength: 576,
    layerCount: 30,
    headCount: 9,
    kvHeadCount: 3,
    feedForwardLength: 1536,
    vocabularySize: 49_152,
    contextTokens: 8192,
    weightType: "q4_0",
  });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const box = { device_id: "box", platform: "linux-aarch64", memory_mb: 1024, cpu_cores: 4, has_gpu: false };
const agent: NewAgent = {
  name: "porter",
  device: box,
  model: null,
  memoryMb: 256,
  modelSizeMb: 100,
  sessionDir: "state",
  hasSentences: true,
};

/** What the action prints and returns in this process, where nobody is at a terminal. */
async function call(action: typeof initAgent, values: OptionValues): Promise<{ exitCode: number; stdout: string }> {
  const stdout = new PassThrough();
  const printed = text(stdout);
  const streams = { stdin: new PassThrough(), stdout, stderr: new PassThrough(), stop: new AbortController().signal };
  const exitCode = await action(values, streams, []);
  stdout.end();
  return { exitCode, stdout: await printed };
}

describe("what init writes", () => {
  test.each([{}, { with: "none" }, { with: "sentences" }, { "session-dir": "kept", name: "no: 'x' #" }])(
    "with %j passes check, and loads",
    async (values) => {
      const file = newFile();
      const { exitCode, stdout } = await call(initAgent, { file, ...values });
      expect([exitCode, stdout]).toEqual([0, expect.stringContaining(`nanoagent check --config ${file}`)]);
      const checked = await call(checkAgent, { config: file });
      expect(checked.stdout).toContain("All is well.");
      expect(checked.exitCode).toBe(0);
    },
  );

  test("answers at once, and remembers", async () => {
    const file = newFile();
    await call(initAgent, { file, name: "porter" });
    const { stdout } = await runProgram(["run", "--config", file], "what time is it?\nnote that it rains\nhello\n");
    expect(stdout).toMatch(
      /Agent: It is \d\d:\d\d\.\nAgent: Noted: it rains\nAgent: Hello from porter! How can I assist\?\n/,
    );
    expect(await readdir(path.dirname(file))).toEqual(["agent.yaml", "state"]);
  });

  test("has a model's path, and the memory that it needs", async () => {
    const file = newFile();
    const { exitCode, stdout } = await call(initAgent, { file, model: at("model.gguf") });
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^(?:Models|Nothing is known of models) of this size .*\.\nNext:$/m);
    const config = await readConfig(file);
    expect(config.model_path).toBe(at("model.gguf"));
    expect(config.spec.max_memory_mb).toBeGreaterThan(150);
    expect(config.spec.max_memory_mb).toBeLessThan(600);
    // Below the config's folder it is the way from there.
    await rm(file);
    const beside = at("agent.yaml");
    await call(initAgent, { file: beside, model: at("model.gguf") });
    expect(await readFile(beside, "utf8")).toContain("\nmodel_path: model.gguf # ");
  });

  test("is JSON where the file's name says so, and the same agent", async () => {
    const [yaml, json] = [newFile(), newFile("agent.json")];
    await call(initAgent, { file: yaml, name: "porter" });
    const { stdout } = await call(initAgent, { file: json, name: "porter", json: true });
    expect(JSON.parse(stdout)).toEqual({ file: json, config: JSON.parse(await readFile(json, "utf8")) });
    const inFolder = async (file: string) => JSON.stringify(await readConfig(file)).replaceAll(path.dirname(file), "…");
    expect(await inFolder(json)).toBe(await inFolder(yaml));
  });

  test("is read as what was meant, whatever the texts are", async () => {
    const file = at("property.yaml");
    const anyText = fc.oneof(
      fc
        .string({
          minLength: 1,
          unit: fc.constantFrom(..."a'\"\\:#{}[]&*!|>%@`,-?~ \t\n\r\u001b\u007f\u0085\u2028\ufeff😀"),
        })
        // The command that a shell would run.
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

describe("the memory that is suggested", () => {
  test.each([
    [24_000, 256],
    [512, 256],
    [300, 150],
    [100, 64],
    [32, 32],
  ])("without a model on a device with %d MB is %d", async (memory_mb, memoryMb) => {
    const device = { ...box, memory_mb };
    expect((await suggestBudget({ device, usableMb: memory_mb }, null)).memoryMb).toBe(memoryMb);
  });

  test("with a model is what it takes, on a small device all there is, and none where it does not fit", async () => {
    const on = (memory_mb: number) =>
      suggestBudget({ device: { ...box, memory_mb }, usableMb: memory_mb }, at("model.gguf"));
    const { memoryMb } = await on(8192);
    expect((await on(memoryMb - 40)).memoryMb).toBeLessThanOrEqual(memoryMb - 40);
    await expect(on(100)).rejects.toMatchObject({ code: "does-not-fit" });
  });
});

describe("nothing is written", () => {
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

  test("over a file that is there, and of two at once one does it", async () => {
    const file = newFile();
    const all = await Promise.allSettled(Array.from({ length: 4 }, () => call(initAgent, { file })));
    expect(all.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect(await readdir(path.dirname(file))).toEqual(["agent.yaml"]);
    await writeFile(file, "mine");
    const { exitCode, stderr } = await runProgram(["init", file]);
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining(`${file} already exists.`)]);
    // A folder is where the usual file goes.
    expect((await runProgram(["init", path.dirname(file)])).stderr).toContain(`${file} already exists.`);
    expect(await readFile(file, "utf8")).toBe("mine");
  });
});

describe.skipIf(!hasScript)("at a terminal (script(1))", () => {
  test("it asks until the answers can be used", async () => {
    const file = newFile();
    const terminal = new Terminal(["init", file]);
    for (const [question, answer] of [
      ["Its name [", "porter"],
      ["A GGUF model that answers", "nowhere.gguf"],
      ["There is no model file at ", ""],
      ["MB of memory", "many"],
      ['"many" is not a positive integer.', "128"],
      ["Keep the conversation", "no"],
      ["Begin with two sentences", ""],
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

  test.each(["\u0003", "\u0004"])("Ctrl-C and Ctrl-D leave nothing behind: %j", async (key) => {
    const file = newFile();
    const terminal = new Terminal(["init", file, "--name", "porter"]);
    await terminal.see("A GGUF model that answers");
    terminal.type(key);
    await terminal.see("Nothing was written.");
    expect(await terminal.ended).toBe(130);
    await expect(readdir(path.dirname(file))).rejects.toMatchObject({ code: "ENOENT" });
  });
});
