import { mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { buildTinyGguf } from "@nanoagent/optimizer/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { exampleConfig, repository, runProgram } from "./run-program.js";

const greenhouse = path.join(repository, "examples/greenhouse/agent.yaml");
const run = ["run", "--config", exampleConfig];

describe("chat commands", () => {
  test("are answered directly, and are not part of the conversation", async () => {
    const { exitCode, stdout } = await runProgram(run, "hello\n/history\n/status\n/reset\n/history\n");
    expect(exitCode).toBe(0);
    expect(stdout).toContain("user: hello\nassistant: Hello from field-assistant!");
    expect(stdout).toMatch(/Agent: +field-assistant\nEngine: +rules\nDevice: +\S+\nConversation: +2 messages\n/);
    expect(stdout).toContain("Started a new conversation.\nThe conversation is empty.\n");
  });

  test("are listed by /help; an unknown one gets a suggestion", async () => {
    const { stdout } = await runProgram(run, "/help\n/memry\n/quit\nhello\n");
    for (const name of ["help", "reset", "history", "status", "memory", "tools", "model", "save", "quit"]) {
      expect(stdout).toMatch(new RegExp(`^/${name} +\\S`, "m"));
    }
    expect(stdout).toContain("Unknown command /memry. Did you mean /memory? /help lists the commands.");
    expect(stdout).not.toContain("Hello from");
  });

  test("are messages in a sentence or a path", async () => {
    const { stdout } = await runProgram(run, "/etc/passwd hello\n/status please\n");
    expect(stdout).toContain("Agent: Hello from");
    expect(stdout).toContain("Agent: Runtime status: OK.");
  });

  test("/memory shows the use of the budget; /save has nothing to save without a model", async () => {
    const { stdout } = await runProgram(run, "/memory\n/save\n");
    expect(stdout).toMatch(/Budget: +\d+(\.\d)? of \d+(\.\d)? MB taken\nProgram: +\d+(\.\d)? MB\nDevice: /);
    expect(stdout).toContain("Nothing to save: this needs a local model");
  });

  test("/tools and /model list the tools and the model", async () => {
    const { stdout } = await runProgram(["run", "--config", greenhouse], "/tools\n/model\n");
    expect(stdout).toMatch(/^water_bed \(asks first\)\n {2}\S/m);
    expect(stdout).toMatch(/^Model: +rules\nEngine: +rules\n/m);
  });

  test("are objects with --json, and /reset starts over", async () => {
    const { stdout } = await runProgram(
      [...run, "--json"],
      "hello\n/status\nhello\n/reset\nhello\n/frob\n/quit\nhello\n",
    );
    const lines = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines).toMatchObject([
      { turn: 1, role: "assistant", content: expect.stringContaining("Hello"), reason: "stop", model: "rules" },
      { command: "status", text: expect.stringContaining("Conversation: 2 messages") },
      { turn: 2, role: "assistant" },
      { command: "reset", text: "Started a new conversation." },
      { turn: 1, role: "assistant" },
      { command: "frob", text: expect.stringContaining("Unknown command") },
    ]);
  });
});

describe("lines of JSON", () => {
  const ask = async (...lines: string[]) => {
    const { exitCode, stdout } = await runProgram([...run, "--jsonl"], `${lines.join("\n")}\n`);
    return {
      exitCode,
      replies: stdout
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line)),
    };
  };

  test("have the id of their request, in replies, errors and commands", async () => {
    const { replies } = await ask(
      '{"id": 7, "content": "hello"}',
      '{"id": "b", "content": "/reset"}',
      '{"id": "c", "contnt": "hello"}',
      '{"id": ["x"], "content": "hello"}',
      '{"content": "hello"}',
    );
    expect(replies.map(({ id, turn, error }) => [id, turn, error?.code])).toEqual([
      [7, 1, undefined],
      ["b", undefined, undefined],
      ["c", undefined, "invalid-message"],
      [undefined, undefined, "invalid-message"],
      [undefined, 1, undefined],
    ]);
  });

  test("run slash commands by name; a message is one only if it is /reset", async () => {
    const { replies } = await ask(
      '{"content": "hello"}',
      '{"content": "/history"}',
      '{"id": 1, "command": "status"}',
      '{"content": "/reset"}',
      '{"content": "hello"}',
      '{"command": "reset", "content": "hello"}',
      '{"command": "quit"}',
      '{"content": "hello"}',
    );
    expect(replies).toMatchObject([
      { turn: 1 },
      { turn: 2, role: "assistant" },
      { id: 1, command: "status", text: expect.stringContaining("4 messages") },
      { command: "reset" },
      { turn: 1 },
      { error: { code: "invalid-message", message: "The line has content beside command." } },
    ]);
  });

  test("are answered line by line", async () => {
    const { exitCode, replies } = await ask('{"content": "hello"}', '"status"', '{"content": "two\\nlines, hello"}');
    expect(exitCode).toBe(0);
    expect(replies.map(({ role }) => role)).toEqual(["assistant", "assistant", "assistant"]);
  });

  test.each([
    ["hello", "is not JSON"],
    ["[1]", "is neither a text nor an object"],
    ["{}", "has no text at content"],
    ['{"content": "x", "contents": 1}', "unknown key contents; did you mean content?"],
    ['{"content": "x", "sampling": {"top_K": 1}}', 'wrong value at sampling.top_K: unknown key: did you mean "top_k"?'],
    ['{"content": "x", "sampling": {"temperature": "hot"}}', "wrong value at sampling.temperature: expected a number"],
    [
      '{"content": "x", "sampling": {"stop": [""]}}',
      "wrong value at sampling.stop.0: expected a string that is not empty",
    ],
    ['{"content": "x", "response_schema": []}', "no object at response_schema"],
  ])("that are invalid (%s) are errors, and the next one is answered", async (line, words) => {
    const { exitCode, replies } = await ask(line, '{"content": "hello"}');
    expect(exitCode).toBe(1);
    expect(replies).toMatchObject([
      { error: { code: "invalid-message", message: expect.stringContaining(words) } },
      { role: "assistant" },
    ]);
  });
});

const hasAddon = await import(/* @vite-ignore */ `@node-llama-cpp/${process.platform}-${process.arch}`).then(
  () => true,
  () => false,
);

describe.skipIf(!hasAddon)("a model (needs llama.cpp's package)", () => {
  let folder: string;
  let model: string;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), "nanoagent-test-"));
    model = path.join(folder, "tiny.gguf");
    await writeFile(model, buildTinyGguf());
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  async function config(changes: object): Promise<string> {
    const file = path.join(folder, `${Math.random()}.json`);
    const device = { device_id: "d", platform: "linux-x86_64", memory_mb: 1024, cpu_cores: 1 };
    await writeFile(
      file,
      JSON.stringify({ spec: { name: "small", max_memory_mb: 400 }, device, model_path: model, ...changes }),
    );
    return file;
  }

  test("answers once", async () => {
    const { exitCode, stdout } = await runProgram(["run", "--model", model, "--once", "hello"]);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^Agent: /);
  });

  test("with --verbose and --stats, shows how it is loaded, its memory limit, and its memory use", async () => {
    const args = ["run", "--config", await config({}), "--verbose", "--stats"];
    const { stderr } = await runProgram(args, "hello\n");
    expect(stderr).toMatch(/Budget: +\d.* of 400 MB taken/);
    expect(stderr).toMatch(/Model: +512 tokens of context in f16, batch 64, weights mapped from the file/);
    if (process.platform === "linux") expect(stderr).toMatch(/Held by: +.*RLIMIT_DATA at \d+ MB/);
    expect(stderr).toMatch(
      /\(read \d+ tokens \(0 cached\) at [\d.]+ tokens\/s; wrote \d+ tokens.* at [\d.]+ tokens\/s; .*memory \d+ of 400 MB\)/,
    );
  });

  test("constrains a reply to the schema of the message", async () => {
    const schema = {
      type: "object",
      properties: { on: { type: "boolean" } },
      required: ["on"],
      additionalProperties: false,
    };
    const message = JSON.stringify({ content: "On?", response_schema: schema, sampling: { max_tokens: 64, seed: 3 } });
    const { stdout } = await runProgram(["run", "--config", await config({}), "--jsonl"], `${message}\n`);
    expect(JSON.parse(JSON.parse(stdout).content)).toEqual({ on: expect.any(Boolean) });
  });

  test("saves its state in the session's folder with /save", async () => {
    const file = await config({ session: { dir: path.join(folder, "session") } });
    const { stdout } = await runProgram(["run", "--config", file], "hello\n/save\n");
    expect(stdout).toMatch(/Saved \d+\.\d MB\./);
  });

  test("that does not fit is refused with the calculation and exit code 3", async () => {
    const file = await config({ spec: { name: "small", max_memory_mb: 64 } });
    const { exitCode, stderr } = await runProgram(["run", "--config", file], "hello\n");
    expect(exitCode).toBe(3);
    expect(stderr).toMatch(/needs \d+\.\d MB with a context of \d+ tokens, but may use only \d+\.\d MB: /);
  });
});
