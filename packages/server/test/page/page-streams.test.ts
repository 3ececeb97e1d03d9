import { randomBytes } from "node:crypto";
import { connect, type Socket } from "node:net";
import { openAgent } from "@nanoagent/runtime";
import { ScriptedEngine } from "@nanoagent/runtime/testing";
import { createServer } from "@nanoagent/server";
import { expect, onTestFinished, test, vi } from "vitest";
import type { PageEvent } from "../../src/page/page-events.js";
import { PageStream } from "../../src/page/page-stream.js";
import { OpenPage, say } from "./page-client.js";
import { never, servePage } from "./serve-page.js";

const PATIENCE = { timeout: 20_000 };

test("a 33rd page is told to come later, and gets the place of one that was closed", async () => {
  const { url } = await servePage(["Hi."]);
  const pages = await Promise.all(Array.from({ length: 32 }, () => OpenPage.open(url)));
  const refused = await fetch(`${url}/page/events`);
  expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "15"]);
  expect(await refused.json()).toMatchObject({ error: { code: "too_many_pages" } });
  pages[0]?.close();
  await vi.waitFor(() => OpenPage.open(url), PATIENCE);
});

/** Connects without reading. */
function openSlowly(url: string, path: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname, () => {
      socket.write(`GET ${path} HTTP/1.1\r\nhost: ${hostname}:${port}\r\n\r\n`);
      socket.pause();
      resolve(socket);
    });
    socket.on("error", () => {});
    onTestFinished(() => void socket.destroy());
  });
}

test("a page that does not read costs the turn and the other pages nothing", async () => {
  // Without repetitions, which the agent would stop at.
  const pieces = Array.from({ length: 16 }, () => randomBytes(25_000).toString("hex"));
  const { url } = await servePage([{ deltas: ["Begin. "], delayMilliseconds: 300 }, { deltas: pieces }]);
  const { conversation } = await say(url, "hello");
  await openSlowly(url, `/page/events?conversation=${conversation}`);
  const page = await OpenPage.open(url, conversation);
  const { turn } = await say(url, "go on", conversation);
  expect((await page.turnEnd(turn.id)).state).toBe("done");
  const part = page.turns.at(-1)?.parts[0];
  const received = part?.type === "text" ? part.text : "";
  // The agent may end a reply before the engine does.
  expect(received.length).toBeGreaterThanOrEqual(200_000);
  expect(pieces.join("").startsWith(received)).toBe(true);
});

test("a silent stream has a sign of life every five seconds", async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const written: string[] = [];
  const abort = new AbortController();
  const running = new PageStream(null).run({ write: (text) => void written.push(text) }, abort.signal, "first");
  for (let seconds = 5; seconds <= 60; seconds += 5) {
    written.length = 0;
    await vi.advanceTimersByTimeAsync(5000);
    expect(written).toContain(": ping\n\n");
  }
  abort.abort();
  await running;
});

test("a stream for which too much waits is closed, and keeps nothing", async () => {
  const stream = new PageStream(null);
  let written = "";
  let makeRoom: () => void = () => {};
  const out = {
    write(text: string) {
      written += text;
      return new Promise<void>((resolve) => {
        makeRoom = resolve;
      });
    },
  };
  const running = stream.run(out, new AbortController().signal, "first\n\n");
  for (let count = 0; count < 20; count++) stream.send("x".repeat(100_000));
  expect(stream.isClosed).toBe(true);
  makeRoom();
  await running;
  expect(written).toBe("first\n\n");
});

test("a stream writes events in order, never cuts a character, and ends when its page leaves", async () => {
  const controller = new AbortController();
  const stream = new PageStream(null);
  const pieces: string[] = [];
  const running = stream.run({ write: (text) => void pieces.push(text) }, controller.signal, "1");
  const long = `a${"😀".repeat(50_000)}`;
  stream.send(long);
  stream.send("2");
  await vi.waitFor(() => expect(pieces.at(-1)).toBe("2"), PATIENCE);
  expect(pieces.join("")).toBe(`1${long}2`);
  for (const piece of pieces) expect(new TextDecoder().decode(new TextEncoder().encode(piece))).toBe(piece);
  controller.abort();
  await running;
  stream.send("3");
  expect(pieces.at(-1)).toBe("2");
});

test("the status comes when something has changed, not with every look", async () => {
  let celsius = 40;
  const readDevice = async () => ({
    temperature_celsius: celsius,
    is_throttled: false,
    memory_pressure_percent: null,
    power_source: null,
  });
  let now = Date.now();
  const { url } = await servePage([never], { options: { readDevice, now: () => now } });
  const page = await OpenPage.open(url);
  expect(page.hello.status.device).toEqual(await readDevice());
  celsius = 50;
  now += 60_000;
  await page.find("status", (event) => event.status.device?.temperature_celsius === 50);
  await say(url, "hello");
  await page.find("status", (event) => event.status.turns.running === 1);
});

test("a service that is mounted in an app streams, too", async () => {
  const device = { device_id: "d", platform: "linux-aarch64", memory_mb: 512, cpu_cores: 2 };
  const engine = new ScriptedEngine(["Hello ", "Hello."]);
  const agent = await openAgent({ spec: { name: "kitchen" }, device }, { engine });
  const server = createServer(agent, { settings: {}, environment: {} });
  onTestFinished(async () => {
    await server.close();
    await agent.close();
  });
  const call = (path: string, init: RequestInit = {}) => server.fetch(new Request(`http://localhost${path}`, init));
  const page = await call("/", { headers: { accept: "text/html" } });
  expect(page.headers.get("content-type")).toBe("text/html; charset=utf-8");
  const sent = await call("/page/messages", { method: "POST", body: '{"message":"hello"}' });
  expect(sent.status).toBe(202);
  const { conversation } = (await sent.json()) as { conversation: string };
  const leaving = new AbortController();
  const stream = await call(`/page/events?conversation=${conversation}`, { signal: leaving.signal });
  const reader = (stream.body as ReadableStream<Uint8Array>).getReader();
  const first = new TextDecoder().decode((await reader.read()).value);
  expect(JSON.parse(first.slice("data: ".length)) as PageEvent).toMatchObject({
    type: "hello",
    agent: "kitchen",
    conversation: { id: conversation, turns: [{ message: "hello" }] },
  });
  await reader.cancel();
  await server.drain();
});
