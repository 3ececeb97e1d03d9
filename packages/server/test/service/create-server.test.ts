import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { NanoAgentConfigInput, ServeSettings } from "@nanoagent/models";
import { type Agent, defineTool, openAgent } from "@nanoagent/runtime";
import { ScriptedEngine } from "@nanoagent/runtime/testing";
import { type AgentServer, createServer, findServices, type LogEntry, type ServerOptions } from "@nanoagent/server";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

const device = { device_id: "d", platform: "linux-aarch64", memory_mb: 512, cpu_cores: 2 };
const config: NanoAgentConfigInput = { spec: { name: "greenhouse" }, device };

/** For a busy machine. */
const PATIENCE = { timeout: 20_000 };
/** A reply whose first piece comes after a minute, so that it never ends within a test. */
const slow = { deltas: ["never"], delayMilliseconds: 60_000 };

const opened: { server: AgentServer }[] = [];
let log: LogEntry[] = [];

beforeEach(() => {
  log = [];
  vi.stubEnv("XDG_RUNTIME_DIR", mkdtempSync(path.join(tmpdir(), "na-")));
});

afterEach(async () => {
  for (const { server } of opened.splice(0)) {
    await server.close();
    await server.agent.close();
  }
});

async function serve(agent: Agent, settings: ServeSettings = {}, options: ServerOptions = {}) {
  const server = createServer(agent, { settings, log: (entry) => log.push(entry), ...options });
  opened.push({ server });
  const { url } = await server.listen({ port: 0 });
  return { server, url };
}

const chat = (url: string, body: object, headers: Record<string, string> = {}) =>
  fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify({ model: "greenhouse", messages: [{ role: "user", content: "hello" }], ...body }),
  });

describe("a served agent", () => {
  test("is listed first, and its model second if the settings allow it", async () => {
    const engine = new ScriptedEngine(["Hi."]);
    const { url } = await serve(await openAgent(config, { engine }), { bare_model: true });
    const { data } = (await (await fetch(`${url}/v1/models`)).json()) as { data: { id: string }[] };
    expect(data.map(({ id }) => id)).toEqual(["greenhouse", engine.name]);
    const wrong = await (await chat(url, { model: "other" })).text();
    expect(wrong).toContain(JSON.stringify(`Send "greenhouse" or "${engine.name}" as the model.`).slice(1, -1));
    const without = await serve(await openAgent(config, { engine }));
    const list = (await (await fetch(`${without.url}/v1/models`)).json()) as { data: { id: string }[] };
    expect(list.data.map(({ id }) => id)).toEqual(["greenhouse"]);
  });

  test("that answers by rules calls no tools: clients can see that, and cannot require a call", async () => {
    const { url } = await serve(await openAgent(config));
    const { data } = (await (await fetch(`${url}/v1/models`)).json()) as { data: object[] };
    expect(data).toMatchObject([{ nanoagent: { calls_tools: false } }]);
    const shown = await fetch(`${url}/api/show`, { method: "POST", body: JSON.stringify({ model: "greenhouse" }) });
    expect(((await shown.json()) as { capabilities: string[] }).capabilities).toEqual(["completion"]);
    const tools = [{ type: "function", function: { name: "lamp", parameters: {} } }];
    const required = await chat(url, { tools, tool_choice: "required" });
    expect(required.status).toBe(400);
    expect(await required.json()).toMatchObject({ error: { param: "tool_choice" } });
    expect((await chat(url, { tools })).status).toBe(200);
  });

  test("answers by OpenAI's and Ollama's API, with and without :latest", async () => {
    const { url } = await serve(await openAgent(config));
    const reply = (await (await chat(url, { model: "greenhouse:latest" })).json()) as {
      choices: { message: { content: string } }[];
    };
    expect(reply.choices[0]?.message.content).toContain("greenhouse");
    const response = await fetch(`${url}/api/chat`, {
      method: "POST",
      body: JSON.stringify({ model: "greenhouse", messages: [{ role: "user", content: "hello" }], stream: false }),
    });
    expect(await response.json()).toMatchObject({ done: true, message: { role: "assistant" } });
  });

  test("errors have the form of the API that was asked", async () => {
    const { url } = await serve(await openAgent(config));
    const openai = await chat(url, { model: "other" });
    expect(openai.status).toBe(404);
    const { error } = (await openai.json()) as { error: { message: string } };
    expect(error).toMatchObject({ code: "model_not_found", param: "model" });
    expect(error.message).toContain('Send "greenhouse" as the model.');
    const ollama = await fetch(`${url}/api/chat`, { method: "POST", body: JSON.stringify({ model: "other" }) });
    expect(ollama.status).toBe(404);
    expect(await ollama.json()).toEqual({ error: expect.stringContaining("other") });
    expect(log.filter(({ event }) => event === "request-refused")).toHaveLength(2);
  });

  test("works as a handler of another server, with the access rules of loopback", async () => {
    const agent = await openAgent(config);
    const server = createServer(agent, { settings: { api_keys_env: "KEYS" }, environment: { KEYS: "secret" } });
    opened.push({ server });
    const { fetch: handle } = server;
    expect((await handle(new Request("http://localhost/health"))).status).toBe(200);
    expect((await handle(new Request("http://localhost/v1/models"))).status).toBe(401);
    const headers = { authorization: "Bearer secret" };
    expect((await handle(new Request("http://localhost/v1/models", { headers }))).status).toBe(200);
    expect((await handle(new Request("http://example.com/v1/models", { headers }))).status).toBe(403);
  });
});

describe("the log", () => {
  test("has one line a turn with its cost, and no texts", async () => {
    const engine = new ScriptedEngine(["The secret reply."]);
    const { url } = await serve(await openAgent(config, { engine }));
    await (await chat(url, { messages: [{ role: "user", content: "a secret message" }], user: "ada" })).json();
    const turns = log.filter(({ event }) => event === "turn-end");
    expect(turns).toHaveLength(1);
    expect(turns[0]).toMatchObject({ level: "info", outcome: "answered", conversation: "ada", reason: "stop" });
    expect(turns[0]?.milliseconds).toBeGreaterThanOrEqual(0);
    expect(JSON.stringify(log)).not.toContain("secret");
  });

  test("has the texts if asked for", async () => {
    const engine = new ScriptedEngine(["The reply."]);
    const { url } = await serve(await openAgent(config, { engine }), {}, { logsTexts: true });
    await (await chat(url, { messages: [{ role: "user", content: "the message" }] })).json();
    expect(log).toContainEqual(expect.objectContaining({ message: "the message", reply: "The reply." }));
  });

  test("has a line for a turn whose client left", async () => {
    const engine = new ScriptedEngine([slow]);
    const { url, server } = await serve(await openAgent(config, { engine }));
    const leaving = new AbortController();
    const request = fetch(`${url}/v1/chat/completions`, {
      method: "POST",
      signal: leaving.signal,
      body: JSON.stringify({ model: "greenhouse", stream: true, messages: [{ role: "user", content: "x" }] }),
    });
    await vi.waitFor(async () => expect((await server.status()).turns.running).toBe(1), PATIENCE);
    leaving.abort();
    await request.catch(() => {});
    await vi.waitFor(() => expect(log.filter(({ event }) => event === "turn-end")).toHaveLength(1), PATIENCE);
    expect((await server.status()).turns).toMatchObject({ aborted: 1, running: 0, waiting: 0 });
  });
});

describe("questions for permission over the wire", () => {
  const runs: unknown[] = [];
  const valve = defineTool({
    name: "open_valve",
    description: "Opens the valve.",
    permission: "ask",
    run: (input) => {
      runs.push(input);
      return "open";
    },
  });
  const called = { calls: [{ id: "1", name: "open_valve", arguments: {} }] };
  const asking = { spec: { ...config.spec, capabilities: ["open_valve"] }, device };

  beforeEach(() => {
    runs.length = 0;
  });

  /** Reads the chunks of a stream until one has a question. Returns it and the rest of the stream. */
  async function untilQuestion(response: Response) {
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    for (;;) {
      const { done, value = "" } = (await reader?.read()) ?? { done: true };
      text += value;
      const id = /"type":"permission","id":"([^"]+)"/.exec(text)?.[1];
      if (id !== undefined) return { id, rest: reader };
      if (done) throw new Error(`No question in ${text}`);
    }
  }

  async function answer(url: string, allow: boolean) {
    const body = { model: "greenhouse", stream: true, messages: [{ role: "user", content: "water" }] };
    const response = await chat(url, body, { "x-nanoagent-permission": "ask" });
    const { id, rest } = await untilQuestion(response);
    const waiting = (await (await fetch(`${url}/permissions`)).json()) as { questions: { id: string }[] };
    expect(waiting.questions.map((question) => question.id)).toEqual([id]);
    const answered = await fetch(`${url}/permissions/${id}`, { method: "POST", body: JSON.stringify({ allow }) });
    expect(answered.status).toBe(200);
    while (rest !== undefined && !(await rest.read()).done);
    const again = await fetch(`${url}/permissions/${id}`, { method: "POST", body: JSON.stringify({ allow }) });
    expect(again.status).toBe(404);
  }

  test("the client of the stream answers yes, and the tool runs", async () => {
    const engine = new ScriptedEngine([called, "Done."]);
    const { url } = await serve(await openAgent(asking, { engine, tools: [valve] }));
    await answer(url, true);
    expect(runs).toHaveLength(1);
  });

  test("the client of the stream answers no, and the tool does not run", async () => {
    const engine = new ScriptedEngine([called, "Then not."]);
    const { url } = await serve(await openAgent(asking, { engine, tools: [valve] }));
    await answer(url, false);
    expect(runs).toHaveLength(0);
  });

  test("with nobody there, the question is denied at once", async () => {
    const engine = new ScriptedEngine([called, "Not allowed."]);
    const { url } = await serve(await openAgent(asking, { engine, tools: [valve] }), { ask_seconds: 3600 });
    expect((await chat(url, {})).status).toBe(200);
    expect(runs).toHaveLength(0);
  });

  test("a program that is attached answers", async () => {
    const engine = new ScriptedEngine([called, "Done."]);
    const { url, server } = await serve(await openAgent(asking, { engine, tools: [valve] }));
    const detach = server.permissions.attach(({ id }) => server.permissions.answer(id, true));
    expect((await chat(url, {})).status).toBe(200);
    expect(runs).toHaveLength(1);
    detach();
  });

  test("an answer that is neither true nor false is refused", async () => {
    const { url } = await serve(await openAgent(config));
    for (const body of ["null", "{}", '{"allow":"yes"}', "[]"]) {
      expect((await fetch(`${url}/permissions/x`, { method: "POST", body })).status).toBe(400);
    }
  });
});

describe("health", () => {
  const health = async (url: string) => {
    const response = await fetch(`${url}/health`);
    return { code: response.status, ...((await response.json()) as object) };
  };

  test("is ok, and needs no key", async () => {
    const { url } = await serve(await openAgent(config), { api_keys_env: "K" }, { environment: { K: "secret" } });
    expect(await health(url)).toEqual({ code: 200, status: "ok", live: true, ready: true, reasons: [] });
  });

  test("is degraded after a turn that failed by the engine, until the next answer", async () => {
    const { EngineError } = await import("@nanoagent/runtime");
    const error = new EngineError({ code: "engine-failed", message: "The engine broke.", hint: "Restart it." });
    const { url } = await serve(await openAgent(config, { engine: new ScriptedEngine([{ error }, "Again."]) }));
    expect((await chat(url, {})).status).toBe(500);
    expect(await health(url)).toMatchObject({ code: 200, status: "degraded", ready: true });
    expect((await chat(url, {})).status).toBe(200);
    expect(await health(url)).toMatchObject({ status: "ok" });
  });

  test("is unavailable while the service stops", async () => {
    const { url, server } = await serve(await openAgent(config));
    await server.drain();
    expect(await health(url)).toMatchObject({ code: 503, status: "unavailable", ready: false });
    const refused = await chat(url, {});
    expect(refused.status).toBe(503);
    expect(refused.headers.get("retry-after")).toMatch(/^\d+$/);
  });
});

describe("replacing the agent", () => {
  const other: NanoAgentConfigInput = { ...config, spec: { name: "orchard" } };

  test("waits for the running turn, and requests meanwhile wait for the successor", async () => {
    const first = await openAgent(config, {
      engine: new ScriptedEngine([{ deltas: ["a", "b"], delayMilliseconds: 50 }]),
    });
    const { url, server } = await serve(first);
    const running = chat(url, {});
    await vi.waitFor(async () => expect((await server.status()).turns.running).toBe(1), PATIENCE);
    const engine = new ScriptedEngine(["From the successor."]);
    const open = () => openAgent(other, { engine });
    const replacing = server.replaceAgent(open, open);
    const waiting = chat(url, {});
    expect(((await (await running).json()) as { choices: unknown[] }).choices).toHaveLength(1);
    await replacing;
    expect(await (await waiting).text()).toContain("From the successor.");
    expect((await server.status()).name).toBe("orchard");
    expect((await chat(url, {})).status).toBe(404);
    expect((await chat(url, { model: "orchard" })).status).toBe(200);
  });

  test("keeps the old agent if the new one cannot be opened", async () => {
    const { url, server } = await serve(await openAgent(config));
    const fault = new Error("no such file");
    const failing = server.replaceAgent(
      () => Promise.reject(fault),
      () => openAgent(config),
    );
    await expect(failing).rejects.toBe(fault);
    expect((await chat(url, {})).status).toBe(200);
  });

  test("the service is unavailable if neither can be opened", async () => {
    const { url, server } = await serve(await openAgent(config));
    const fail = () => Promise.reject(new Error("gone"));
    await expect(server.replaceAgent(fail, fail)).rejects.toThrow("gone");
    const response = await fetch(`${url}/health`);
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ reasons: [{ code: "agent-missing" }] });
  });
});

describe("status", () => {
  test("a running service is found through its socket, and not after its end", async () => {
    const { url, server } = await serve(await openAgent(config));
    await (await chat(url, {})).json();
    // Services of this user that run beside the test are found as well.
    const findOwn = async () => (await findServices()).filter(({ status }) => status?.pid === process.pid);
    const [found, ...others] = await findOwn();
    expect(others).toEqual([]);
    expect(found?.status).toMatchObject({
      name: "greenhouse",
      url,
      pid: process.pid,
      turns: { answered: 1, running: 0, waiting: 0 },
      conversations: { open: 1, max: 32 },
      health: { status: "ok" },
    });
    await server.close();
    expect(await findOwn()).toEqual([]);
  });
});

describe("stopping", () => {
  test("running turns end, and those that take longer are aborted", async () => {
    const engine = new ScriptedEngine([{ deltas: ["quick"], delayMilliseconds: 500 }, slow]);
    const { url, server } = await serve(await openAgent(config, { engine }));
    const quick = chat(url, {});
    await vi.waitFor(async () => expect((await server.status()).turns.running).toBe(1), PATIENCE);
    const endless = chat(url, { messages: [{ role: "user", content: "another" }] });
    await vi.waitFor(
      async () => expect((await server.status()).turns).toMatchObject({ running: 1, waiting: 1 }),
      PATIENCE,
    );
    await server.drain(1500);
    expect(await (await quick).text()).toContain("quick");
    expect((await endless).status).toBe(503);
    expect((await chat(url, {})).status).toBe(503);
    expect((await server.status()).turns).toMatchObject({ answered: 1, aborted: 1, failed: 0 });
    // A normal stop is not a fault.
    expect(log.filter(({ level }) => level === "warn" || level === "error")).toEqual([]);
  });
});
