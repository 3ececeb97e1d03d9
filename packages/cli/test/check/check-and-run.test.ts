import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { buildTinyGguf } from "@nanoagent/optimizer/testing";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runProgram } from "../run-program.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "nanoagent-check-"));
  await writeFile(path.join(folder, "m.gguf"), buildTinyGguf({ contextTokens: 2048 }));
  await writeFile(path.join(folder, "long.gguf"), buildTinyGguf({ contextTokens: 32_768 }));
  await writeFile(path.join(folder, "text.gguf"), "no model");
  await mkdir(path.join(folder, "skills", "pump"), { recursive: true });
  await writeFile(path.join(folder, "skills", "pump", "SKILL.md"), "---\nname: pump\ndescription: Pumps.\n---\nPump.");
});
afterAll(() => rm(folder, { recursive: true }));

const sentence = "The pump in the garden is green and the gate is red. ";
let files = 0;

async function checkAndRun(config: object) {
  const file = path.join(folder, `agent-${files++}.json`);
  await writeFile(file, JSON.stringify(config));
  const check = await runProgram(["check", "--config", file, "--json"]);
  const run = await runProgram(["run", "--config", file, "--once", "is the pump on"]);
  const report = JSON.parse(check.stdout) as {
    problems: { severity: string; code: string; key: string; hint: string }[];
  };
  return { check, run, problems: report.problems };
}

const tool = (settings: object = {}) => ({ name: "lamp", description: "Lamp.", command: ["true"], ...settings });
const intents = (definition: object = {}, slots: object = {}) => ({
  slots,
  definitions: [{ name: "go", sentences: ["go now"], answer: "Gone.", ...definition }],
});

/** Possible values of each key; undefined leaves it out. */
const keys: Record<string, readonly unknown[]> = {
  model_path: [undefined, undefined, "m.gguf", "m.gguf", "missing.gguf", "text.gguf", "skills"],
  engine: [
    undefined,
    undefined,
    { type: "rules" },
    { type: "llama" },
    { context: 1024 },
    { context: 1_000_000 },
    { type: "openai-compatible" },
    { type: "openai-compatible", url: "not a url" },
    { type: "openai-compatible", url: "http://192.0.2.1/v1" },
    { type: "openai-compatible", url: "ftp://127.0.0.1" },
    { type: "openai-compatible", url: "http://127.0.0.1:9", api_key_env: "NANOAGENT_TEST_UNSET" },
  ],
  instructions: [undefined, sentence, sentence.repeat(400), sentence.repeat(4000)],
  skills_dir: [undefined, undefined, "skills", "missing", "m.gguf"],
  session: [
    undefined,
    undefined,
    { dir: "state" },
    { dir: "m.gguf/state" },
    { dir: "m.gguf" },
    { dir: "/proc/nowhere" },
  ],
  tools: [
    undefined,
    undefined,
    [tool()],
    [tool(), tool()],
    [tool({ name: "not a name!" })],
    [tool({ command: ["{missing}"] })],
    [tool({ arguments: { state: { type: "string", enum: [] } } })],
    [tool({ arguments: { state: { type: "integer", minimum: 5, maximum: 1 } } })],
  ],
  intents: [
    undefined,
    undefined,
    intents(),
    intents({ sentences: ["go {missing}"] }),
    intents({ tool: "lamp" }),
    intents({ tool: "nothing" }),
    intents({ sentences: ["("] }),
    intents({ sentences: ["go {n}"] }, { n: { from: 5, to: 1 } }),
    intents({ answer: "{missing}" }),
  ],
  mcp_servers: [
    undefined,
    undefined,
    undefined,
    { "not a name!": { command: ["true"] } },
    { garden: { url: "ftp://127.0.0.1" } },
    { garden: { url: "http://192.0.2.1/mcp" } },
    { garden: { url: "http://127.0.0.1:9/mcp", api_key_env: "NANOAGENT_TEST_UNSET" } },
  ],
};

/** Issues of parts that run opens only when they are needed. */
const foundByCheckAlone = new Set(["program-not-found", "working-directory-not-found", "invalid-intents"]);
/** Errors that depend on a server or a message. */
const foundByRunAlone = /"code": ?"(?:remote|aborted|context-exceeded)/;

test("check and run agree on what is an error", async () => {
  const parts = Object.fromEntries(Object.entries(keys).map(([key, values]) => [key, fc.constantFrom(...values)]));
  const config = fc
    .record({
      memory: fc.constantFrom(200, 600, 600, 9_999_999),
      capabilities: fc.subarray(["lamp", "pump"]),
      parts: fc.record(parts),
    })
    .map(({ memory, capabilities, parts: chosen }) => ({
      spec: { name: "a", max_memory_mb: memory, capabilities },
      ...chosen,
    }));
  await fc.assert(
    fc.asyncProperty(config, async (settings) => {
      const { check, run, problems } = await checkAndRun(settings);
      const errors = problems.filter(({ severity }) => severity === "error");
      if (run.exitCode !== 0 && !foundByRunAlone.test(run.stderr) && !/server|answer/.test(run.stderr)) {
        expect(problems, run.stderr).not.toEqual([]);
      }
      if (run.exitCode === 2 || run.exitCode === 3) expect(check.exitCode, run.stderr).not.toBe(0);
      if (errors.some(({ code }) => !foundByCheckAlone.has(code))) expect(run.exitCode, check.stdout).not.toBe(0);
    }),
    { numRuns: process.env.NANOAGENT_SOAK ? 80 : 15 },
  );
}, 600_000);

describe("instructions, skills and tools that fill the context", () => {
  const model = { model_path: "m.gguf", engine: { context: 1024 } };
  const spec = { name: "a", max_memory_mb: 600 };
  test.each([100, 400, 4000])("%i sentences are too long for check and for run", async (times) => {
    const { check, run, problems } = await checkAndRun({ spec, ...model, instructions: sentence.repeat(times) });
    expect(problems.map(({ code, key }) => `${code} ${key}`)).toContain("context-exceeded instructions");
    expect(check.exitCode).toBe(times === 100 ? 0 : 2);
    expect(run.exitCode).not.toBe(0);
    for (const hint of [run.stderr, ...problems.map((problem) => problem.hint)])
      expect(hint).toContain("Shorten the instructions");
  });

  test("a text that is too long for the default context gets a longer one, in check and in run", async () => {
    const instructions = sentence.repeat(200);
    const { check, run, problems } = await checkAndRun({ spec, model_path: "long.gguf", instructions });
    expect(problems.map(({ code }) => code)).not.toContain("context-exceeded");
    expect(check.stdout).toContain('"context_tokens":8192');
    expect(run.stderr).not.toContain("context");
    expect(run.exitCode).toBe(0);
  });

  test("a long tool description counts if a model may call the tool", async () => {
    const names = ["lamp", "pump", "door", "gate", "fan", "bell", "lock", "tap"];
    const tools = names.map((name) => tool({ name, description: sentence.repeat(15) }));
    const named = await checkAndRun({ spec: { ...spec, capabilities: names }, ...model, tools });
    expect(named.problems.map(({ code, key }) => `${code} ${key}`)).toContain("context-exceeded spec.capabilities");
    const unnamed = await checkAndRun({ spec, ...model, tools });
    expect(unnamed.problems.map(({ code }) => code)).not.toContain("context-exceeded");
  });
});
