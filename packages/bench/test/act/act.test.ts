import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, expect, test } from "vitest";
import { parseActOptions } from "../../src/act/act-options.mjs";
import { evaluateServer } from "../../src/act/evaluate-server.mjs";
import { startLlamaServer } from "../../src/act/llama-server.mjs";
import { renderActs } from "../../src/act/render-acts.mjs";
import { importOwn } from "../../src/fit/own-packages.mjs";

const evaluation = await importOwn("@nanoagent/runtime/eval");

/** Server that calls the lamp for "on", with invalid arguments for "broken", and fails for "fail". */
const server = createServer(async (request, response) => {
  let body = "";
  for await (const piece of request) body += piece;
  const { messages, tools } = JSON.parse(body);
  const last = messages.at(-1);
  if (last.content === "fail") return response.writeHead(500).end("out of order");
  const given = last.content === "on" ? '{"state":"on"}' : '{"state":"bright"}';
  const calls = [{ id: "1", type: "function", function: { name: tools[0].function.name, arguments: given } }];
  const isCall = ["on", "broken"].includes(last.content);
  const content = last.role === "tool" ? `It says ${last.content}` : "Hello!";
  const message = { role: "assistant", content: isCall ? null : content, ...(isCall && { tool_calls: calls }) };
  response.end(JSON.stringify({ choices: [{ message }], usage: { prompt_tokens: 5, completion_tokens: 2 } }));
}).listen(0, "127.0.0.1");
afterAll(() => server.close());

const file = {
  name: "lamp",
  tools: [
    {
      name: "switch_lamp",
      description: "Switches the lamp.",
      parameters: { properties: { state: { type: "string", enum: ["on", "off"] } }, required: ["state"] },
      result: { ok: true },
    },
  ],
  scenarios: ["on", "broken", "hello", "fail"].map((say) => ({
    id: say,
    say,
    ...(say !== "hello" && { expect: [{ tool: "switch_lamp", arguments: { state: "on" } }] }),
  })),
};

test("judges a server by the same rules: its calls, missing calls, and invalid calls", async () => {
  if (!server.listening) await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { results } = await evaluateServer(evaluation, url, [file], () => {});
  const seen = results.map(({ id, verdict, turns }: { id: string; verdict: string; turns: { reply: string }[] }) => [
    id,
    verdict,
    turns[0]?.reply,
  ]);
  expect(seen).toEqual([
    ["on", "right", 'It says {"ok":true}'],
    ["broken", "invalid", 'It says Error: /state must be one of "on", "off"'],
    ["hello", "right", "Hello!"],
    ["fail", "missed", ""],
  ]);
  const own = evaluation.summarizeEval(results);
  expect(own).toMatchObject({ failed_turns: 1, prompt_tokens: { median: 10 }, invalid_calls: { count: 1, of: 2 } });
  const text = renderActs([
    { model: "small", own, server: "LLAMA_SERVER does not say where the program is", words: own },
    { model: "large", own: "It does not fit.", server: own, words: own },
  ]);
  expect(text).toMatch(/^small +4 +50\.0 % +15–85 +– +– +50\.0 % +0 of 1 +1 of 2 +not told$/m);
  expect(text).toContain("not measured: llama-server with small: LLAMA_SERVER does not say where the program is");
  expect(text).toContain("not measured: nanoagent with large: It does not fit.");
});

test("reports why a server cannot be started", async () => {
  await expect(startLlamaServer("/no/such/llama-server", "model.gguf")).rejects.toThrow(/did not start: .*ENOENT/);
  await expect(startLlamaServer(process.execPath, "model.gguf")).rejects.toThrow(/did not start: ended with exit code/);
});

test("reads options and models", () => {
  const environment = { NANOAGENT_ACT_MODELS: ["a.gguf", "b.gguf"].join(process.platform === "win32" ? ";" : ":") };
  expect(parseActOptions(["--sample"], environment)).toMatchObject({
    sample: true,
    part: "development",
    models: ["a.gguf", "b.gguf"],
    serverProgram: undefined,
  });
  expect(parseActOptions(["--part", "all"], environment).part).toBeUndefined();
  expect(() => parseActOptions([], {})).toThrow("NANOAGENT_ACT_MODELS is not set");
  expect(() => parseActOptions(["--part", "half"], environment)).toThrow('Unknown part "half"');
});
