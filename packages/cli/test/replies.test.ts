import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { PassThrough } from "node:stream";
import { NanoAgentError } from "@nanoagent/models";
import { type AgentEvent, NanoRuntime } from "@nanoagent/runtime";
import { describe, expect, onTestFinished, test } from "vitest";
import { JsonOutput } from "../src/run/json-output.js";
import { TextOutput } from "../src/run/text-output.js";
import type { Streams } from "../src/streams.js";
import { runProgram } from "./run-program.js";

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), "nanoagent-replies-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Starts a server that ends every reply with this reason and records the requests. */
async function startServer(finish_reason: string) {
  const requests: Record<string, unknown>[] = [];
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const piece of request) body += piece;
    if (request.url === "/v1/models") return response.end('{"data": [{"id": "m"}]}');
    if (request.url !== "/v1/chat/completions") return response.writeHead(404).end();
    requests.push(JSON.parse(body));
    response.writeHead(200, { "content-type": "text/event-stream" });
    const usage = { prompt_tokens: 3, completion_tokens: 5 };
    const chunks = [
      { choices: [{ index: 0, delta: { content: "One, two" } }] },
      { choices: [{ index: 0, delta: {}, finish_reason }], usage },
    ];
    response.end(`${chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`).join("")}data: [DONE]\n\n`);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const folder = await temporaryFolder();
  const config = `${folder}/agent.yaml`;
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await writeFile(
    config,
    `spec: {name: a, max_memory_mb: 200}\nengine: {type: openai-compatible, url: "${url}", model: m}\nsampling: {temperature: 0.5, seed: 1, max_tokens: 100}\n`,
  );
  return { requests, config };
}

describe("sampling", () => {
  test("of the config reaches the server, and flags override its keys", async () => {
    const { requests, config } = await startServer("stop");
    const run = ["run", "--config", config, "--once", "count"];
    await runProgram(run);
    await runProgram([...run, "--temperature", "0", "--max-tokens", "7", "--top-p", "0.25", "--stop", "END"]);
    expect(requests).toMatchObject([
      { temperature: 0.5, seed: 1, max_tokens: 100 },
      { temperature: 0, seed: 1, max_tokens: 7, top_p: 0.25, stop: ["END"] },
    ]);
  });

  test.each([
    ["--top-p", "1.5", "a number from 0 to 1, found 1.5"],
    ["--top-p", "half", 'a number from 0 to 1, found "half"'],
    ["--max-tokens", "0", "an integer of at least 1, found 0"],
    ["--seed", "0.5", "an integer from 0 to 4294967295, found 0.5"],
    ["--temperature", "warm", 'a number from 0 to 100, found "warm"'],
    ["--repeat-penalty", "101", "a number from 0 to 100, found 101"],
    ["--min-p", "-1", "a number from 0 to 1, found -1"],
  ])("%s %s is refused before a request", async (flag, value, range) => {
    const { requests, config } = await startServer("stop");
    const { exitCode, stderr } = await runProgram(["run", "--config", config, "--once", "count", flag, value]);
    expect([exitCode, requests]).toEqual([2, []]);
    expect(stderr).toContain(`${flag}: expected ${range}`);
  });

  test("has no effect on the rules engine, with a notice", async () => {
    const folder = await temporaryFolder();
    await writeFile(`${folder}/agent.yaml`, "spec: {name: a}\nsampling: {temperature: 0}\n");
    const { stderr } = await runProgram(["run", "--config", `${folder}/agent.yaml`, "--once", "hello"]);
    expect(stderr).toContain('"sampling" has no effect on the rules engine');
  });
});

describe("a reply that is cut off", () => {
  test("has a note with its number of tokens", async () => {
    const { config } = await startServer("length");
    const { exitCode, stdout, stderr } = await runProgram(["run", "--config", config, "--once", "count"]);
    expect([exitCode, stdout]).toEqual([0, "Agent: One, two\n"]);
    expect(stderr).toContain("cut off after 5 tokens");
  });

  test("has the reason in its JSON", async () => {
    const { config } = await startServer("length");
    const { stdout } = await runProgram(["run", "--config", config, "--once", "count", "--json"]);
    expect(JSON.parse(stdout)).toMatchObject({
      turn: 1,
      content: "One, two",
      ended: "length",
      reason: "length",
      model: "m",
      usage: { prompt_tokens: 3, completion_tokens: 5 },
    });
  });
});

describe("a reply that was shown and cannot be saved", () => {
  const error = new NanoAgentError({ code: "session-not-saved", message: "The session could not be written." });
  const reply = { role: "assistant", content: "Hi", timestamp: "2026-01-01T00:00:00Z", ended: "interrupted" } as const;
  const begun: AgentEvent[] = [
    { type: "run-start", message: { role: "user", content: "hello", timestamp: "2026-01-01T00:00:00Z" } },
    { type: "text-delta", text: "Hi" },
  ];

  async function shown(last: AgentEvent, asJson = false) {
    const stdout = new PassThrough();
    const stderr = new PassThrough();
    const streams = { stdin: new PassThrough(), stdout, stderr, stop: new AbortController().signal };
    const output = asJson
      ? new JsonOutput(streams as Streams, { model: "m", runtime: new NanoRuntime(), hasStatistics: false })
      : new TextOutput(streams as Streams);
    for (const event of [...begun, last]) await output.show(event);
    return { stdout: String(stdout.read()), stderr: String(stderr.read()) };
  }

  test("has a note after its text, with the reason", async () => {
    const { stdout, stderr } = await shown({ type: "error", error });
    expect(stdout).toBe("Agent: Hi\n(This reply was not kept.)\n");
    expect(stderr).toContain("The session could not be written.");
  });

  test("has no note if its beginning was saved", async () => {
    const { stdout, stderr } = await shown({ type: "error", error, reply });
    expect(stdout).toBe("Agent: Hi\n");
    expect(stderr).toContain("The session could not be written.");
  });

  test("has a note if it is in memory only", async () => {
    const aborted = new NanoAgentError({ code: "aborted", message: "The turn was aborted." });
    const { stderr } = await shown({ type: "error", error: aborted, reply, not_saved: error });
    expect(stderr).toContain("This reply is not saved. The session could not be written.");
  });

  test("has the saved part in its JSON", async () => {
    expect(JSON.parse((await shown({ type: "error", error, reply }, true)).stdout)).toMatchObject({ reply });
    expect(JSON.parse((await shown({ type: "error", error }, true)).stdout)).not.toHaveProperty("reply");
  });
});
