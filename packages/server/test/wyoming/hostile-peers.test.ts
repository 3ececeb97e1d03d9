import { setTimeout as sleep } from "node:timers/promises";
import type { WyomingSettings } from "@nanoagent/models";
import { openAgent } from "@nanoagent/runtime";
import type { LogEntry } from "@nanoagent/server";
import fc from "fast-check";
import { afterEach, describe, expect, test, vi } from "vitest";
import { Service } from "../../src/service/service.js";
import type { ConnectionTimes } from "../../src/wyoming/wyoming-connection.js";
import { listenWyoming } from "../../src/wyoming/wyoming-listener.js";
import { PATIENCE, plainConfig, scripted, serveInTest as serve, slow } from "./serve-wyoming.js";
import { WyomingClient } from "./wyoming-client.js";

describe("many and bad peers", () => {
  test("several are answered at once", async () => {
    const house = await serve();
    const clients = await Promise.all(Array.from({ length: 20 }, () => house.connect()));
    const answers = await Promise.all(clients.map((client) => client.ask("turn on the lamp")));
    expect(answers.map((answer) => answer?.data.text)).toEqual(Array(20).fill("The lamp is on."));
  });

  test("the 65th connection is refused, and one that ends makes room", async () => {
    const house = await serve();
    const clients = await Promise.all(Array.from({ length: 64 }, () => house.connect()));
    for (const client of clients) client.send("ping");
    await Promise.all(clients.map((client) => client.read()));
    const refused = await WyomingClient.open(house.url);
    expect(await refused.read()).toBeNull();
    expect(house.log).toContainEqual(
      expect.objectContaining({ event: "connection-refused", protocol: "wyoming", client: "127.0.0.1" }),
    );
    clients[0]?.close();
    await vi.waitFor(async () => {
      const next = await WyomingClient.open(house.url);
      next.send("ping");
      const answer = await next.read();
      next.close();
      expect(answer).toMatchObject({ type: "pong" });
    }, PATIENCE);
  });

  test.each([
    ["a length above the limit", '{"type":"transcript","data_length":2000000}\n', "frame-too-large"],
    ["a huge length", `{"type":"audio-chunk","payload_length":${2 ** 53 - 1}}\n`, "frame-too-large"],
    ["a negative length", '{"type":"ping","data_length":-5}\n', "length-not-valid"],
    ["another protocol", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "line-not-valid"],
  ])("%s ends the connection, and only that", async (_name, bytes, reason) => {
    const house = await serve();
    const [bad, good] = [await house.connect(), await house.connect()];
    bad.socket.write(bytes);
    expect(await bad.read()).toBeNull();
    expect(house.log).toContainEqual(
      expect.objectContaining({ event: "connection-ended", protocol: "wyoming", reason }),
    );
    expect(await good.ask("hello")).toMatchObject({ type: "handled" });
  });

  test("contexts of every depth do no harm: up to 32 levels come back, and more than 200 end the connection", async () => {
    const house = await serve();
    for (const depth of [1, 2, 31, 32, 33, 34, 64, 199, 200, 1000, 6000, 50_000, 400_000]) {
      const client = await house.connect();
      const context = `{"a":${"[".repeat(depth - 1)}1${"]".repeat(depth - 1)}}`;
      const block = `{"text":"turn on the lamp","context":${context}}`;
      client.socket.write(`{"type":"transcript","data_length":${block.length}}\n${block}`);
      const answer = await client.read().catch(() => null);
      expect([depth, answer?.data.text]).toEqual([depth, depth < 200 ? "The lamp is on." : undefined]);
      expect([depth, answer?.data.context]).toEqual([depth, depth <= 32 ? JSON.parse(context) : undefined]);
    }
    expect(house.log).toContainEqual(
      expect.objectContaining({ event: "connection-ended", reason: "frame-too-complex" }),
    );
  });

  test("a large context does not come back, and its conversation goes on", async () => {
    const { engine, agent } = scripted("One.", "Two.");
    const house = await serve(agent);
    const context = (length: number) => ({ conversation_id: "01J", x: "é".repeat(length / 2) });
    expect(await (await house.connect()).ask("a", context(17_000))).toEqual({
      type: "handled",
      data: { text: "One." },
    });
    expect(await (await house.connect()).ask("b", context(16_000))).toEqual({
      type: "handled",
      data: { text: "Two.", context: context(16_000) },
    });
    expect(engine.requests.at(-1)?.messages.map(({ content }) => content)).toEqual(["a", "One.", "b"]);
  });

  test("waiting frames are parsed when their turn comes: one that is not valid ends the connection after the others", async () => {
    const house = await serve(scripted({ deltas: ["One."], delayMilliseconds: 50 }, "Two.").agent);
    const client = await house.connect();
    client.send("transcript", { text: "a" });
    client.socket.write('{"type":"transcript","data_length":9}\n{"text":]');
    client.send("transcript", { text: "b" });
    expect(await client.read()).toMatchObject({ type: "handled", data: { text: "One." } });
    expect(await client.read()).toBeNull();
    expect(house.log).toContainEqual(expect.objectContaining({ reason: "data-not-valid" }));
  });

  test("random bytes do no harm", async () => {
    const house = await serve();
    const parts = fc.array(
      fc.oneof(
        fc.uint8Array({ maxLength: 500 }),
        fc.constantFrom('{"type":"', '"data_length":9', "}\n", "transcript", "null"),
      ),
      { maxLength: 8 },
    );
    for (const pieces of fc.sample(parts, 50)) {
      const client = await WyomingClient.open(house.url);
      for (const piece of pieces) client.socket.write(piece);
      client.socket.end();
      while ((await client.read().catch(() => null)) !== null);
      client.close();
    }
    expect(await (await house.connect()).ask("hello")).toMatchObject({ type: "handled" });
  });

  test("a line that never ends is cut off at the limit", async () => {
    const house = await serve();
    const client = await house.connect();
    const piece = Buffer.alloc(64 * 1024, " ");
    let sent = 0;
    let isOver = false;
    client.socket.on("close", () => {
      isOver = true;
    });
    while (!isOver && sent < 64 * 1024 * 1024) {
      client.socket.write(piece);
      sent += piece.length;
      await sleep(1);
    }
    expect(isOver).toBe(true);
    expect(house.log).toContainEqual(expect.objectContaining({ reason: "frame-too-large" }));
  });

  test("frames of all peers together have a limit", async () => {
    const house = await serve();
    const clients = await Promise.all(Array.from({ length: 6 }, () => house.connect()));
    for (const client of clients) {
      client.socket.write('{"type":"transcript","data_length":1000000}\n');
      client.socket.write(Buffer.alloc(900_000, " "));
    }
    await vi.waitFor(
      () => expect(house.log).toContainEqual(expect.objectContaining({ reason: "too-much-memory" })),
      PATIENCE,
    );
    expect(await (await house.connect()).ask("hello")).toMatchObject({ type: "handled" });
  });

  test.each([
    ["closes", (client: WyomingClient) => client.close()],
    ["closes its own direction", (client: WyomingClient) => client.socket.end()],
    ["resets", (client: WyomingClient) => client.socket.resetAndDestroy()],
  ])("a peer that %s in the middle of a turn aborts it", async (_name, leave) => {
    const { engine, agent } = scripted(slow, "Next.");
    const house = await serve(agent);
    const client = await house.connect();
    client.send("transcript", { text: "a" });
    await vi.waitFor(() => expect(engine.requests).toHaveLength(1), PATIENCE);
    leave(client);
    await vi.waitFor(
      () => expect(house.log).toContainEqual(expect.objectContaining({ event: "turn-end", outcome: "aborted" })),
      PATIENCE,
    );
    expect(await (await house.connect()).ask("b")).toMatchObject({ data: { text: "Next." } });
  });

  test("a peer that sends more than it reads waits, and loses nothing", async () => {
    const { agent } = scripted(...Array.from({ length: 30 }, (_, index) => `Reply ${index}.`));
    const client = await (await serve(agent)).connect();
    for (let index = 0; index < 30; index++) client.send("transcript", { text: `Question ${index}` });
    // Two turns of this connection's conversation never overlap, and at most one waits for a place.
    const answers = [];
    for (let index = 0; index < 30; index++) answers.push((await client.read())?.data.text);
    expect(answers).toEqual(Array.from({ length: 30 }, (_, index) => `Reply ${index}.`));
  });

  test("a full queue is an error", async () => {
    const { engine, agent } = scripted(slow);
    const house = await serve(agent);
    const clients = await Promise.all(Array.from({ length: 17 }, () => house.connect()));
    for (const client of clients) client.send("transcript", { text: "a" });
    await vi.waitFor(async () => {
      const { turns } = await house.server.status();
      expect(turns.running + turns.waiting).toBe(17);
    }, PATIENCE);
    expect(await (await house.connect()).ask("b")).toEqual({
      type: "error",
      data: { text: "The agent already has 17 requests to answer.", code: "queue-full" },
    });
    expect(engine.requests.length).toBeLessThanOrEqual(1);
  });
});

describe("slow peers", () => {
  const closing: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0)) await close();
  });

  /** A service whose limits of time are this short. */
  async function listen(
    times: Partial<ConnectionTimes>,
    agent = openAgent(plainConfig),
    settings: WyomingSettings = { port: 0 },
  ) {
    const log: LogEntry[] = [];
    const parts = {
      version: "1",
      logsTexts: false,
      settings: {},
      now: Date.now,
      environment: {},
      readDevice: null,
      joinFleet: null,
      readRelease: null,
    };
    const opened = await agent;
    const service = new Service(opened, { ...parts, log: (entry) => log.push(entry) });
    const listener = await listenWyoming(service, { settings, host: "127.0.0.1", times });
    const client = await WyomingClient.open(listener.url);
    closing.push(async () => {
      client.close();
      await service.close();
      await listener.close(1000);
      await opened.close();
    });
    return { client, url: listener.url, ended: () => log.filter(({ event }) => event === "connection-ended") };
  }

  test("a frame that takes too long ends the connection", async () => {
    const { client, ended } = await listen({ frame: 200 });
    client.send("ping");
    expect(await client.read()).toMatchObject({ type: "pong" });
    client.socket.write('{"type":"ping"');
    expect(await client.read()).toBeNull();
    expect(ended()).toMatchObject([{ reason: "frame-too-slow", client: "127.0.0.1" }]);
  });

  test("a frame that drips ends the connection, too", async () => {
    const { client, ended } = await listen({ frame: 500 });
    const dripping = setInterval(() => client.socket.write(" "), 20);
    client.socket.on("error", () => {});
    closing.push(async () => clearInterval(dripping));
    await vi.waitFor(() => expect(ended()).toMatchObject([{ reason: "frame-too-slow" }]), PATIENCE);
  });

  test("a reply before does not lengthen the time of a frame", async () => {
    const { agent } = scripted({ deltas: ["Done."], delayMilliseconds: 1500 });
    const { client, ended } = await listen({ frame: 3000 }, agent);
    client.send("transcript", { text: "a" });
    client.socket.write("{");
    expect(await client.read()).toMatchObject({ data: { text: "Done." } });
    // Would the reply start the time again, the end would come after this timer.
    await sleep(3000);
    expect(ended()).toMatchObject([{ reason: "frame-too-slow" }]);
    expect(await client.read()).toBeNull();
  });

  test("a reply that cannot be made ends its connection alone", async () => {
    const settings = {
      port: 0,
      get languages(): string[] {
        throw new RangeError("too deep");
      },
    };
    const { client, url, ended } = await listen({}, undefined, settings);
    client.send("describe");
    client.send("ping");
    expect(await client.read()).toBeNull();
    expect(ended()).toMatchObject([{ level: "error", reason: "reply-failed", error: "too deep" }]);
    const next = await WyomingClient.open(url);
    expect(await next.ask("hello")).toMatchObject({ type: "handled" });
    next.close();
  });

  test("a frame that comes byte by byte is read", async () => {
    const { client } = await listen({ frame: 20_000 });
    for (const byte of Buffer.from('{"type":"transcript","data":{"text":"hello"}}\n')) {
      client.socket.write(Uint8Array.of(byte));
      await sleep(1);
    }
    expect(await client.read()).toMatchObject({ type: "handled" });
  });

  test("a connection without events ends, but not during a turn", async () => {
    const { engine, agent } = scripted({ deltas: ["Done."], delayMilliseconds: 600 });
    const { client, ended } = await listen({ idle: 200 }, agent);
    expect(await client.ask("a")).toMatchObject({ data: { text: "Done." } });
    expect(engine.requests).toHaveLength(1);
    expect(await client.read()).toBeNull();
    expect(ended()).toMatchObject([{ reason: "idle" }]);
  });

  test("a peer that never reads its replies is cut off", async () => {
    const { client, ended } = await listen({ read: 300 });
    client.socket.pause();
    client.socket.on("error", () => {});
    for (let count = 0; count < 100; count++) client.send("ping", { text: "x".repeat(200_000) });
    await vi.waitFor(() => expect(ended()).toMatchObject([{ reason: "reply-not-read" }]), PATIENCE);
  });
});
