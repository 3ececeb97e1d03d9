import { openAgent } from "@nanoagent/runtime";
import { ScriptedEngine } from "@nanoagent/runtime/testing";
import { type AgentServer, createServer } from "@nanoagent/server";
import fc from "fast-check";
import { expect, onTestFinished, test, vi } from "vitest";
import { type HelloEvent, HelloEvents } from "../../src/page/hello-events.js";
import type { PageTurn } from "../../src/page/page-events.js";
import { PageStream } from "../../src/page/page-stream.js";

const PATIENCE = { timeout: 20_000 };
const MEGABYTE = 1024 * 1024;

const turnOf = (message: string): PageTurn => ({
  id: crypto.randomUUID(),
  message,
  at: "2026-01-01T00:00:00.000Z",
  state: "done",
  parts: [],
  error: null,
  note: null,
});

const helloOf = (turns: readonly PageTurn[] | null): HelloEvent => ({
  type: "hello",
  agent: "kitchen",
  conversations: [],
  questions: [],
  status: {
    version: "1",
    health: { status: "ok", reasons: [] },
    model: { id: "m", engine: "e", context_tokens: null },
    turns: { running: 0, waiting: 0 },
    memory: null,
    device: null,
  },
  conversation: turns && { id: "page-1", title: "[]}", turns, has_older: false },
});

/** Counts how often turns are written as JSON on their own, or within something. */
function countTurns(message: string): () => number {
  let count = 0;
  const stringify = JSON.stringify;
  const spy = vi.spyOn(JSON, "stringify").mockImplementation((...parameters: unknown[]) => {
    const text = stringify(...(parameters as [unknown])) as string | undefined;
    if (text?.includes(message) && text.includes('"parts"')) count += 1;
    return text as string;
  });
  onTestFinished(() => spy.mockRestore());
  return () => count;
}

test("the event is the same as its JSON, in pieces that cut no character", () => {
  const text = fc
    .string({ unit: "binary", maxLength: 50 })
    .chain((unit) => fc.integer({ min: 0, max: 2000 }).map((times) => unit.repeat(times)));
  const turns = fc.option(fc.array(text.map(turnOf), { maxLength: 5 }), { nil: null });
  fc.assert(
    fc.property(turns, (list) => {
      const hellos = new HelloEvents();
      const event = helloOf(list);
      const pieces = [...hellos.add(event).texts()];
      const sent = pieces.join("");
      expect(sent.startsWith("data: ") && sent.endsWith("\n\n") && !sent.slice(0, -2).includes("\n")).toBe(true);
      expect(JSON.parse(sent.slice("data: ".length))).toEqual(event);
      for (const piece of pieces) {
        expect(new TextDecoder().decode(new TextEncoder().encode(piece))).toBe(piece);
        expect(piece.length).toBeLessThanOrEqual(65_536);
      }
      expect(new TextEncoder().encode(sent).byteLength).toBeGreaterThanOrEqual(hellos.waitingBytes);
    }),
    { numRuns: 50 },
  );
});

test("32 pages with the same conversation share the bytes of each turn, and leave none", () => {
  const hellos = new HelloEvents();
  const turns = [turnOf("\u0001".repeat(MEGABYTE / 12)), turnOf("ä".repeat(MEGABYTE / 4))];
  const count = countTurns("ä");
  const events = Array.from({ length: 32 }, () => hellos.add(helloOf(turns)));
  expect(count()).toBe(1);
  // Control characters are six bytes each.
  expect(hellos.waitingBytes).toBeGreaterThan(MEGABYTE - 100);
  expect(hellos.waitingBytes).toBeLessThan(1.1 * MEGABYTE);
  expect(hellos.isFull).toBe(false);
  for (const event of events) event.release();
  for (const event of events) event.release();
  expect(hellos.waitingBytes).toBe(0);
  expect([...(events[0]?.texts() ?? [])]).toEqual([]);
});

test("different conversations are full at 8 MB, until one of them is read", () => {
  const hellos = new HelloEvents();
  const addOne = () => hellos.add(helloOf([turnOf("x".repeat(MEGABYTE))]));
  const events = Array.from({ length: 7 }, addOne);
  expect(hellos.isFull).toBe(false);
  events.push(addOne());
  expect(hellos.isFull).toBe(true);
  events[0]?.release();
  expect(hellos.isFull).toBe(false);
});

test("a stream releases its event when it is written, dropped, or comes too late", async () => {
  const hellos = new HelloEvents();
  const add = () => hellos.add(helloOf([turnOf("x".repeat(100_000))]));
  const abort = new AbortController();
  const stream = new PageStream(null);
  let makeRoom: () => void = () => {};
  const out = {
    write: () =>
      new Promise<void>((resolve) => {
        makeRoom = resolve;
      }),
  };
  const running = stream.run(out, abort.signal, add());
  const one = hellos.waitingBytes;
  stream.send(add());
  expect(hellos.waitingBytes).toBe(2 * one);
  stream.forget();
  expect(hellos.waitingBytes).toBe(one);
  stream.send(add());
  abort.abort();
  makeRoom();
  await running;
  stream.send(add());
  expect(hellos.waitingBytes).toBe(0);
  const read = new PageStream(null);
  const reading = read.run({ write: () => {} }, new AbortController().signal, add());
  await vi.waitFor(() => expect(hellos.waitingBytes).toBe(0), PATIENCE);
  read.close();
  await reading;
});

/** A service in an app: what is not read waits in the service, and not in the system's buffers. */
async function mount(): Promise<(path: string, init?: RequestInit) => Promise<Response>> {
  const device = { device_id: "d", platform: "linux-aarch64", memory_mb: 512, cpu_cores: 2 };
  const agent = await openAgent({ spec: { name: "kitchen" }, device }, { engine: new ScriptedEngine(["Hi."]) });
  const server: AgentServer = createServer(agent, { settings: {}, environment: {} });
  onTestFinished(async () => {
    await server.close();
    await agent.close();
  });
  return (path, init = {}) => server.fetch(new Request(`http://localhost${path}`, init));
}

type Call = Awaited<ReturnType<typeof mount>>;

async function say(call: Call, message: string): Promise<string> {
  const sent = await call("/page/messages", { method: "POST", body: JSON.stringify({ message }) });
  expect(sent.status).toBe(202);
  return ((await sent.json()) as { conversation: string }).conversation;
}

/** Reads the first event, and leaves. */
async function readHello(call: Call, id: string): Promise<HelloEvent> {
  const abort = new AbortController();
  const { body } = await call(`/page/events?conversation=${id}`, { signal: abort.signal });
  const reader = (body as ReadableStream<Uint8Array>).getReader();
  const decoder = new TextDecoder();
  let text = "";
  while (!text.includes("\n\n")) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`Ended after ${text.length} characters.`);
    text += decoder.decode(value, { stream: true });
  }
  abort.abort();
  return JSON.parse(text.slice("data: ".length, text.indexOf("\n\n")));
}

/** Sends a message and waits until its turn has ended. */
async function begin(call: Call, message: string): Promise<string> {
  const id = await say(call, message);
  await vi.waitFor(
    async () => expect((await readHello(call, id)).conversation?.turns[0]?.state).toBe("done"),
    PATIENCE,
  );
  return id;
}

test("31 pages that do not read cost one conversion of their conversation", async () => {
  const call = await mount();
  const id = await begin(call, `unread ${"\u0001".repeat(200_000)}`);
  const count = countTurns("unread ");
  const abort = new AbortController();
  onTestFinished(() => abort.abort());
  for (let times = 0; times < 31; times++) {
    expect((await call(`/page/events?conversation=${id}`, { signal: abort.signal })).status).toBe(200);
  }
  expect((await readHello(call, id)).conversation?.turns).toHaveLength(1);
  expect(count()).toBeLessThanOrEqual(1);
});

test("for pages that have left, nothing is converted", async () => {
  const call = await mount();
  const id = await begin(call, "hello");
  const left = new AbortController();
  const { add } = HelloEvents.prototype;
  const added = vi.spyOn(HelloEvents.prototype, "add").mockImplementation(function (this: HelloEvents, event) {
    left.abort();
    return add.call(this, event);
  });
  onTestFinished(() => added.mockRestore());
  const open = () => call(`/page/events?conversation=${id}`, { signal: left.signal });
  // They leave while they wait for the first of them, and then before they are answered.
  await Promise.all(Array.from({ length: 30 }, open));
  await vi.waitFor(() => expect(left.signal.aborted).toBe(true), PATIENCE);
  const gone = Promise.all(Array.from({ length: 32 }, open));
  // They take no places, either.
  await readHello(call, id);
  await gone;
  expect(added).toHaveBeenCalledTimes(2);
});

test("a conversation that is removed while a page waits for its first event is not in it", async () => {
  const call = await mount();
  const id = await begin(call, "hello");
  const next = setImmediate;
  const waiting = vi.spyOn(globalThis, "setImmediate");
  onTestFinished(() => waiting.mockRestore());
  let status = 0;
  waiting.mockImplementationOnce(((resolve: () => void) => {
    void call(`/page/conversations/${id}`, { method: "DELETE" }).then((reply) => {
      status = reply.status;
      next(resolve);
    });
  }) as typeof setImmediate);
  expect(await readHello(call, id)).toMatchObject({ conversations: [], conversation: null });
  expect(status).toBe(200);
});

test("other requests are answered between the first events of many pages", async () => {
  const call = await mount();
  const id = await begin(call, "hello");
  const rounds: number[] = [];
  let round = 0;
  let isCounting = true;
  const next = () => {
    round += 1;
    if (isCounting) setImmediate(next);
  };
  setImmediate(next);
  const replies = await Promise.all(Array.from({ length: 8 }, () => call(`/page/events?conversation=${id}`)));
  await Promise.all(
    replies.map(async ({ body }) => {
      const reader = (body as ReadableStream<Uint8Array>).getReader();
      await reader.read();
      rounds.push(round);
      await reader.cancel();
    }),
  );
  isCounting = false;
  expect(new Set(rounds).size).toBe(8);
});

test("a page is told to come later while too much waits for others, and opens when they have left", async () => {
  const call = await mount();
  const abort = new AbortController();
  onTestFinished(() => abort.abort());
  const ids: string[] = [];
  // Each is 1.3 MB as JSON.
  for (let index = 0; index < 7; index++) {
    const id = await begin(call, `${index}${"\u0001".repeat(220_000)}`);
    expect((await call(`/page/events?conversation=${id}`, { signal: abort.signal })).status).toBe(200);
    ids.push(id);
  }
  await vi.waitFor(async () => {
    const refused = await call(`/page/events?conversation=${ids[0]}`, { signal: abort.signal });
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "15"]);
    expect(await refused.json()).toMatchObject({
      error: { code: "too_many_pages", message: expect.stringContaining("not read") },
    });
  }, PATIENCE);
  abort.abort();
  await vi.waitFor(() => readHello(call, ids[0] as string), PATIENCE);
});
