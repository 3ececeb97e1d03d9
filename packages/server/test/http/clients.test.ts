import { request as httpRequest } from "node:http";
import { describe, expect, onTestFinished, test } from "vitest";
import type { HttpRequest, ReplyWriter } from "../../src/http/exchange.js";
import type { HttpHandler, Refusal } from "../../src/http/node-listener.js";
import { echo, get, post } from "./echo-routes.js";
import { eventually, exchange, listening, RawClient, statusOf } from "./raw-client.js";

describe("slow clients", () => {
  // Long enough for a client of a busy machine that is not slow on purpose.
  const limits = { headerMilliseconds: 1500, bodyMilliseconds: 200 };

  test("headers byte by byte are 408, and others are answered meanwhile", async () => {
    const { port } = await listening(echo, { limits });
    const clients = Array.from({ length: 20 }, () => new RawClient(port));
    const timer = setInterval(() => {
      for (const client of clients) if (client.socket.writable) client.send("x");
    }, 10);
    for (const client of clients) client.send("GET / HTTP/1.1\r\nx-a: ");
    expect(statusOf(await exchange(port, get("/")))).toBe(200);
    await Promise.all(clients.map(({ closed }) => closed));
    clearInterval(timer);
    expect(clients.map(({ text }) => statusOf(text))).toEqual(clients.map(() => 408));
  });

  test("a connection that sends nothing ends", async () => {
    const { port } = await listening(echo, { limits });
    const client = new RawClient(port);
    await client.closed;
    expect(statusOf(client.text)).toBe(408);
  });

  test("a body byte by byte is 408", async () => {
    const { port } = await listening(echo, { limits });
    const client = new RawClient(port).send(`${post("", "content-length: 100000\r\n")}"`);
    const timer = setInterval(() => client.socket.writable && client.send("x"), 10);
    await client.until(/\r\n\r\n/);
    clearInterval(timer);
    expect(statusOf(client.text)).toBe(408);
    client.socket.destroy();
  });

  test("a body that no route reads ends, too", async () => {
    const { port } = await listening(echo, { limits });
    const client = new RawClient(port).send("POST /nothing HTTP/1.1\r\nhost: x\r\ncontent-length: 100000\r\n\r\n");
    const timer = setInterval(() => client.socket.writable && client.send("x"), 10);
    await client.closed;
    clearInterval(timer);
    expect(statusOf(client.text)).toBe(404);
  });

  test("idle connections end", async () => {
    const { port } = await listening(echo, { limits: { idleMilliseconds: 100 } });
    const client = new RawClient(port).send("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
    await client.closed;
    expect(client.text).toMatch(/hello$/);
  });
});

describe("connections", () => {
  test("beyond the limit are told so and closed", async () => {
    const refusals: Refusal[] = [];
    const { port } = await listening(echo, { maxConnections: 3, onRefused: (refusal) => refusals.push(refusal) });
    const clients = Array.from({ length: 3 }, () => new RawClient(port).send("GET / HTTP/1.1\r\nhost: x\r\n\r\n"));
    await Promise.all(clients.map((client) => client.until(/hello$/)));
    expect(statusOf(await exchange(port, get("/")))).toBe(503);
    expect(refusals).toEqual([{ status: 503, reason: "too many connections" }]);
    clients[0]?.socket.destroy();
    let status: number | null = null;
    while (status !== 200) status = statusOf(await exchange(port, get("/")));
  });

  test("pipelined requests are answered in order", async () => {
    const { port } = await listening(echo);
    const line = "HTTP/1.1\r\nhost: x\r\n";
    const text = await exchange(
      port,
      `GET /name/1 ${line}\r\nGET /stream ${line}\r\nGET /name/2 ${line}connection: close\r\n\r\n`,
    );
    expect(text.match(/\r\n\r\n1|three|\r\n\r\n2/g)?.map((part) => part.trim())).toEqual(["1", "three", "2"]);
  });

  test("garbage after a request does not become its reply", async () => {
    let answer = () => {};
    const handle: HttpHandler = () =>
      new Promise((resolve) => {
        answer = () => resolve({ status: 200, body: "hello" });
      });
    const { port } = await listening(handle);
    const client = new RawClient(port).send("GET / HTTP/1.1\r\nhost: x\r\n\r\n\x01\x02garbage\r\n\r\n");
    await client.closed;
    answer();
    expect(client.text).toBe("");
  });
});

describe("clients that leave", () => {
  async function leaving(leave: (client: RawClient) => void, path = "/") {
    let seen: HttpRequest | null = null;
    let abortedAt = 0;
    let ended = false;
    const { port } = await listening(async (request) => {
      seen = request;
      request.signal.addEventListener("abort", () => {
        abortedAt = performance.now();
      });
      return {
        status: 200,
        stream: async (out) => {
          while (!request.signal.aborted) {
            await out.write(`${"x".repeat(path === "/slow" ? 65_536 : 10)}\n`);
            await new Promise((resolve) => setTimeout(resolve, 2));
          }
          ended = true;
        },
      };
    });
    const client = new RawClient(port).send(get(path));
    await client.until(/x\n/);
    if (path === "/slow") {
      client.socket.pause();
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    const leftAt = performance.now();
    leave(client);
    await eventually(() => ended);
    expect((seen as HttpRequest | null)?.signal.aborted).toBe(true);
    return abortedAt - leftAt;
  }

  test.each(["/", "/slow"])("abort the signal and release the writer (%s)", async (path) => {
    const times: number[] = [];
    for (let count = 0; count < 5; count += 1) times.push(await leaving(({ socket }) => socket.destroy(), path));
    // The best of five: others may use the processor.
    expect(Math.min(...times)).toBeLessThan(20);
  });

  test.each(["/", "/slow"])("by a reset (%s)", async (path) => {
    await leaving(({ socket }) => socket.resetAndDestroy(), path);
  });

  test("a signal that is read afterwards is aborted", async () => {
    let seen: HttpRequest | null = null;
    const { port } = await listening((request) => {
      seen = request;
      return new Promise(() => {});
    });
    const client = new RawClient(port).send(get("/"));
    await eventually(() => seen !== null);
    client.socket.destroy();
    await eventually(() => (seen as HttpRequest | null)?.signal.aborted === true);
  });

  test("requests that wait behind another on the connection are aborted, too", async () => {
    const seen: HttpRequest[] = [];
    const { port } = await listening((request) => {
      seen.push(request);
      return new Promise(() => {});
    });
    const client = new RawClient(port).send("GET / HTTP/1.1\r\nhost: x\r\n\r\n".repeat(3));
    await eventually(() => seen.length === 3);
    const signals = seen.map(({ signal }) => signal);
    client.socket.destroy();
    await eventually(() => signals.every(({ aborted }) => aborted));
  });

  test("in the middle of the body", async () => {
    let error: unknown = null;
    const { port } = await listening(async (request) => {
      error = await request.json().catch((cause: unknown) => cause);
      return { status: 400 };
    });
    const client = new RawClient(port).send(post("[", "content-length: 10\r\n"));
    await eventually(() => client.socket.bytesWritten > 0 && !client.socket.connecting);
    client.socket.destroy();
    await eventually(() => error !== null);
    expect(error).toMatchObject({ code: "body-refused" });
  });

  test("a reply that ends normally aborts nothing", async () => {
    let signal: AbortSignal | null = null;
    const { port } = await listening(async (request) => {
      signal = request.signal;
      return { status: 200, body: "hello" };
    });
    await exchange(port, get("/"));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect((signal as AbortSignal | null)?.aborted).toBe(false);
  });
});

describe("slow readers", () => {
  test("hold the writer, not memory", async () => {
    let written = 0;
    const { port } = await listening(async () => ({
      status: 200,
      stream: async (out) => {
        const piece = "x".repeat(65_536);
        for (; written < 50_000_000; written += piece.length) await out.write(piece);
      },
    }));
    const client = new RawClient(port).send(get("/"));
    client.socket.pause();
    let before = -1;
    // The buffers of both sockets fill. They belong to the system.
    while (before !== written) {
      before = written;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    expect(written).toBeLessThan(20_000_000);
    client.socket.resume();
    await client.closed;
    expect(written).toBeGreaterThanOrEqual(50_000_000);
    expect(client.text.length).toBeGreaterThan(50_000_000);
  });

  test("that read nothing are disconnected", async () => {
    const limits = { unreadMilliseconds: 200 };
    let ended = 0;
    const stream = async (out: ReplyWriter) => {
      for (let count = 0; count < 1000; count += 1) await out.write("x".repeat(65_536));
      ended += 1;
    };
    const { port } = await listening(
      async ({ path }) => (path === "/" ? { status: 200, stream } : { status: 200, body: "x".repeat(20_000_000) }),
      { limits },
    );
    const streamed = new RawClient(port).send(get("/"));
    streamed.socket.pause();
    await eventually(() => ended === 1);
    const whole = new RawClient(port).send(get("/whole"));
    whole.socket.pause();
    // 20 MB at 16 KB/s would be 20 minutes: the limit is not for this test. It must not break the reply.
    await new Promise((resolve) => setTimeout(resolve, 300));
    whole.socket.resume();
    await whole.closed;
    expect(whole.text.length).toBeGreaterThan(20_000_000);
  });
});

test("a signal is only made when it is asked for", async () => {
  const { AbortController: Original } = globalThis;
  let made = 0;
  globalThis.AbortController = class extends Original {
    constructor() {
      super();
      made += 1;
    }
  };
  onTestFinished(() => {
    globalThis.AbortController = Original;
  });
  const { port } = await listening(echo);
  await new Promise<void>((resolve, reject) => {
    httpRequest({ port, host: "127.0.0.1", path: "/" }, (response) => response.resume().on("end", resolve))
      .on("error", reject)
      .end();
  });
  expect(made).toBe(0);
});
