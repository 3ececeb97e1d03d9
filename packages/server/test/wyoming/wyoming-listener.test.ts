import { mkdtempSync, rmSync } from "node:fs";
import { createServer as createTcpServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { defineTool, EngineError, openAgent } from "@nanoagent/runtime";
import { ScriptedEngine } from "@nanoagent/runtime/testing";
import { createServer } from "@nanoagent/server";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import {
  houseConfig,
  PATIENCE,
  plainConfig,
  scripted,
  serveInTest as serve,
  serveWyoming,
  slow,
} from "./serve-wyoming.js";
import { WyomingClient } from "./wyoming-client.js";

const failure = (message: string) => new EngineError({ code: "engine-failed", message });

describe("a Wyoming service", () => {
  test("describes the agent as a service that handles texts", async () => {
    const house = await serve();
    expect(house.url).toMatch(/^tcp:\/\/127\.0\.0\.1:\d+$/);
    const client = await house.connect();
    client.send("describe");
    const artifact = {
      name: "house",
      attribution: { name: "nanoagent", url: expect.stringMatching(/^https:/) },
      installed: true,
      description: "Agent house, served by nanoagent",
      version: "1.2.3",
    };
    expect(await client.read()).toEqual({
      type: "info",
      data: {
        asr: [],
        tts: [],
        handle: [
          {
            ...artifact,
            models: [{ ...artifact, languages: ["en", "de"] }],
            supports_handled_streaming: false,
            supports_home_control: false,
          },
        ],
        intent: [],
        wake: [],
        mic: [],
        snd: [],
      },
    });
  });

  test("offers the languages of the settings, else those that the agent has, else those of assistants", async () => {
    const languagesOf = async (...parameters: Parameters<typeof serveWyoming>) => {
      const client = await (await serve(...parameters)).connect();
      client.send("describe");
      const info = (await client.read())?.data as { handle: [{ models: [{ languages: string[] }] }] };
      return info.handle[0].models[0].languages;
    };
    expect(await languagesOf(undefined, { wyoming: { port: 0, languages: ["fr"] } })).toEqual(["fr"]);
    expect(await languagesOf(openAgent(plainConfig))).toEqual(expect.arrayContaining(["en", "de", "ja"]));
    expect(await languagesOf(openAgent(houseConfig, { engine: new ScriptedEngine() }))).toContain("ja");
    const [lamp] = houseConfig.intents?.definitions ?? [];
    const anyLanguage = { definitions: [lamp, { name: "x", sentences: ["x"], answer: "x" }] };
    expect(await languagesOf(openAgent({ ...houseConfig, intents: anyLanguage } as typeof houseConfig))).toContain(
      "ja",
    );
  });

  test("handles a text as it is spoken, and gives the context back", async () => {
    const client = await (await serve()).connect();
    const context = { conversation_id: "01J", device_id: "kitchen", more: [1, { a: null }] };
    expect(await client.ask("turn on the lamp", context)).toEqual({
      type: "handled",
      data: { text: "The lamp is on.", context },
    });
    expect(await client.ask("hello")).toEqual({
      type: "handled",
      data: { text: "Hello from house! How can I assist?" },
    });
  });

  test("keeps as many conversations as the config says, also after a reload", async () => {
    const engine = new ScriptedEngine(Array(6).fill("Well."));
    const withMax = (max: number) =>
      openAgent({ ...plainConfig, serve: { port: 0, wyoming: { port: 0 }, conversations: { max } } }, { engine });
    const server = createServer(await withMax(1));
    onTestFinished(async () => {
      await server.close();
      await server.agent.close();
    });
    const client = await WyomingClient.open((await server.listen()).wyoming?.url ?? "");
    /** Number of messages that the engine gets for the last of three sentences. */
    const messagesOfThird = async () => {
      for (const id of ["a", "b", "a"]) await client.ask("hello", { conversation_id: id });
      return engine.requests.at(-1)?.messages.filter(({ role }) => role !== "system").length;
    };
    expect(await messagesOfThird()).toBe(1);
    await server.replaceAgent(
      () => withMax(8),
      () => withMax(1),
    );
    expect(await messagesOfThird()).toBe(5);
    client.close();
  });

  test("says what it did not handle: no text, no reply, and a text that no rule understands", async () => {
    const house = await serve();
    const client = await house.connect();
    const context = { conversation_id: "a" };
    expect(await client.ask("make tea", context)).toEqual({
      type: "not-handled",
      data: { text: "I don't understand that. This is what I know: lamp.", context },
    });
    expect(await client.ask(" \n", context)).toMatchObject({ type: "not-handled", data: { context } });
    const silent = await (await serve(scripted("   ").agent)).connect();
    expect(await silent.ask("hello")).toEqual({ type: "not-handled", data: { text: "I have no answer to that." } });
  });

  test("answers pings, ignores unknown events, and keeps the order", async () => {
    const client = await (await serve()).connect();
    client.send("audio-start", { rate: 16_000, width: 2, channels: 1 });
    client.send("ping", { text: "one" });
    client.send("transcribe", { language: "en" });
    client.send("transcript", { text: "hello" });
    client.send("no-such-event", { data: {} });
    client.send("ping");
    client.send("describe");
    const types = [];
    for (let count = 0; count < 4; count++) types.push(await client.read());
    expect(types).toMatchObject([
      { type: "pong", data: { text: "one" } },
      { type: "handled" },
      { type: "pong", data: {} },
      { type: "info" },
    ]);
  });

  test("skips audio, and reads the data in a line like that in a block", async () => {
    const client = await (await serve()).connect();
    const audio = JSON.stringify({ type: "audio-chunk", data: { rate: 16_000 }, payload_length: 4096 });
    client.socket.write(`${audio}\n`);
    client.socket.write(Buffer.alloc(4096, "\n"));
    client.socket.write(`${JSON.stringify({ type: "transcript", data: { text: "hello" } })}\n`);
    expect(await client.read()).toMatchObject({ type: "handled" });
  });

  test("a transcript without a text is an error, and the connection goes on", async () => {
    const client = await (await serve()).connect();
    client.send("transcript", { text: 7 });
    expect(await client.read()).toEqual({
      type: "error",
      data: { text: "The transcript has no text.", code: "request-not-valid" },
    });
    expect(await client.ask("hello")).toMatchObject({ type: "handled" });
  });

  test("an error is one sentence with the code of the error, and shows no paths", async () => {
    const { agent } = scripted({ error: failure("/home/ada/model.gguf is gone.") });
    const client = await (await serve(agent)).connect();
    const answer = await client.ask("hello");
    expect(answer?.type).toBe("error");
    expect(answer?.data.text).not.toContain("/home/ada");
    expect(answer?.data.text).toMatch(/^[^.]+(?:\.\S[^.]*)*\.$/);
    expect(answer?.data.code).toMatch(/^[a-z-]+$/);
  });
});

describe("a conversation by voice", () => {
  const heard = (engine: ScriptedEngine) =>
    engine.requests.map(({ messages }) => messages.map(({ content }) => content));

  test("goes on over connections with its id, and stays apart from others", async () => {
    const { engine, agent } = scripted("One.", "Two.", "Three.", "**Four**.");
    const house = await serve(agent);
    const turn = async (text: string, conversation_id: string) => {
      const client = await house.connect();
      const answer = await client.ask(text, { conversation_id });
      client.close();
      return answer?.data.text;
    };
    expect(await turn("a", "01J")).toBe("One.");
    expect(await turn("b", "01K")).toBe("Two.");
    expect(await turn("c", "01J")).toBe("Three.");
    expect(await turn("d", "01J")).toBe("Four.");
    expect(heard(engine)).toEqual([["a"], ["b"], ["a", "One.", "c"], ["a", "One.", "c", "Three.", "d"]]);
  });

  test("without an id belongs to its connection", async () => {
    const { engine, agent } = scripted("One.", "Two.", "Three.");
    const house = await serve(agent);
    const [one, other] = [await house.connect(), await house.connect()];
    await one.ask("a");
    await other.ask("b");
    await one.ask("c");
    expect(heard(engine)).toEqual([["a"], ["b"], ["a", "One.", "c"]]);
  });

  test("runs its turns one after the other, also from several connections", async () => {
    const { engine, agent } = scripted({ deltas: ["One."], delayMilliseconds: 50 }, "Two.");
    const house = await serve(agent);
    const [one, other] = [await house.connect(), await house.connect()];
    const context = { conversation_id: "01J" };
    one.send("transcript", { text: "a", context });
    await vi.waitFor(() => expect(engine.requests).toHaveLength(1), PATIENCE);
    expect(await other.ask("b", context)).toMatchObject({ data: { text: "Two." } });
    expect(heard(engine)).toEqual([["a"], ["a", "One.", "b"]]);
  });

  test("that is too long goes on with its newest messages", async () => {
    const { engine, agent } = scripted("x".repeat(30_000));
    const client = await (await serve(agent)).connect();
    for (const text of ["a", "b", "c", "d"]) expect(await client.ask(text)).toMatchObject({ type: "handled" });
    expect(heard(engine).map((messages) => messages.filter((text) => text.length === 1))).toEqual([
      ["a"],
      ["a", "b"],
      ["a", "b", "c"],
      ["c", "d"],
    ]);
  });

  test("continues after a failed turn as the peer heard it", async () => {
    const { engine, agent } = scripted("One.", { deltas: ["Half"], error: failure("Gone.") }, "Three.");
    const client = await (await serve(agent)).connect();
    await client.ask("a");
    expect(await client.ask("b")).toMatchObject({ type: "error" });
    await client.ask("c");
    expect(heard(engine).at(-1)).toEqual(["a", "One.", "c"]);
  });

  test("asks nobody else for permission: a tool that asks is refused if nobody can answer", async () => {
    const runs: string[] = [];
    const siren = defineTool({
      name: "siren",
      description: "Sounds a siren.",
      input: { type: "object", properties: {} },
      permission: "ask",
      run: () => {
        runs.push("siren");
        return "loud";
      },
    });
    const intents = { definitions: [{ name: "siren", sentences: ["sound the siren"], tool: "siren" }] };
    const house = await serve(openAgent({ ...plainConfig, intents }, { tools: [siren] }));
    expect(await (await house.connect()).ask("sound the siren")).toMatchObject({ type: "handled" });
    expect(runs).toEqual([]);
  });
});

describe("start and end", () => {
  test("a port in use is named with its setting", async () => {
    const other = createTcpServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const { port } = other.address() as { port: number };
    await expect(serveWyoming(undefined, { wyoming: { port } })).rejects.toMatchObject({
      code: "listen-failed",
      message: `Another program listens on 127.0.0.1:${port}.`,
      hint: expect.stringContaining("serve.wyoming.port"),
    });
    await new Promise((resolve) => other.close(resolve));
  });

  test("running turns end before the service does, and further ones are refused", async () => {
    const { engine, agent } = scripted({ deltas: ["Done."], delayMilliseconds: 300 });
    const house = await serve(agent);
    const [client, idle] = [await house.connect(), await house.connect()];
    client.send("transcript", { text: "a" });
    await vi.waitFor(() => expect(engine.requests).toHaveLength(1), PATIENCE);
    const drained = house.server.drain(10_000);
    expect(await idle.ask("b")).toMatchObject({ type: "error", data: { code: "service-stopping" } });
    await drained;
    await house.server.close();
    expect(await client.read()).toMatchObject({ type: "handled", data: { text: "Done." } });
    expect(await client.read()).toBeNull();
    expect(await idle.read()).toBeNull();
    await expect(WyomingClient.open(house.url)).rejects.toThrow();
  });

  test("a turn that takes too long is aborted at the end", async () => {
    const { engine, agent } = scripted(slow);
    const house = await serve(agent);
    const client = await house.connect();
    client.send("transcript", { text: "a" });
    await vi.waitFor(() => expect(engine.requests).toHaveLength(1), PATIENCE);
    await house.server.close();
    expect(await client.read()).toMatchObject({ type: "error", data: { code: "service-stopping" } });
  });

  test("goes on with the next agent after a reload", async () => {
    const house = await serve();
    const client = await house.connect();
    await client.ask("hello", { conversation_id: "01J" });
    const next = { ...plainConfig, spec: { name: "garden" } };
    await house.server.replaceAgent(
      () => openAgent(next),
      () => openAgent(plainConfig),
    );
    expect(await client.ask("hello", { conversation_id: "01J" })).toMatchObject({
      data: { text: "Hello from garden! How can I assist?" },
    });
    client.send("describe");
    expect((await client.read())?.data).toMatchObject({ handle: [{ name: "garden" }] });
  });

  test.each([
    ["announcing it", "announcement-failed", { announce: true }],
    ["a later step", "status-unavailable", {}],
  ])("a start that fails at %s leaves nothing that listens", async (_name, event, changes) => {
    const port = await freePort();
    // Too long for the socket of the status.
    const folder = mkdtempSync(path.join(tmpdir(), "x".repeat(100)));
    vi.stubEnv("XDG_RUNTIME_DIR", folder);
    onTestFinished(() => {
      vi.unstubAllEnvs();
      rmSync(folder, { recursive: true });
    });
    const agent = await openAgent(houseConfig);
    const server = createServer(agent, {
      settings: { port: 0, wyoming: { port, ...changes } },
      log: (entry) => {
        if (entry.event === event) throw new Error("disk full");
      },
    });
    await expect(server.listen()).rejects.toThrow("disk full");
    await expect(WyomingClient.open(`tcp://127.0.0.1:${port}`)).rejects.toThrow("ECONNREFUSED");
    await server.close();
    await agent.close();
  });
});

async function freePort(): Promise<number> {
  const taken = createTcpServer();
  await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
  const { port } = taken.address() as { port: number };
  await new Promise((resolve) => taken.close(resolve));
  return port;
}
