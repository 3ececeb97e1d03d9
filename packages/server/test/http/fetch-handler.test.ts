import { describe, expect, test } from "vitest";
import { ServiceError } from "../../src/errors/service-error.js";
import type { HttpReply, HttpRequest, ReplyWriter } from "../../src/http/exchange.js";
import { fetchHandler } from "../../src/http/fetch-handler.js";
import type { HttpLimits } from "../../src/http/http-limits.js";
import { openRouter } from "../../src/http/router.js";
import { eventually } from "./raw-client.js";

const route = (handle: (request: HttpRequest) => HttpReply | Promise<HttpReply>, limits: Partial<HttpLimits> = {}) =>
  fetchHandler(
    openRouter(
      [
        { method: "GET", path: "/x/:rest", handle },
        { method: "POST", path: "/x", handle },
      ],
      (error) => ({ status: error instanceof ServiceError ? error.status : 500, body: String(error) }),
    ),
    limits,
  );

const post = (body: string | ReadableStream, headers: Record<string, string> = {}) =>
  new Request("http://x/x", { method: "POST", body, headers, duplex: "half" } as RequestInit);
const echo = route(async (request) => ({ status: 200, body: JSON.stringify(await request.json()) }));

test("answers with a real Response", async () => {
  const handle = route((request) => ({
    status: 201,
    headers: { "x-a": "1" },
    body: `${request.method} ${request.path} ${request.query("q")} ${request.header("x-b")} ${request.header("x-c")}`,
  }));
  const response = await handle(new Request("http://x/x/a%20b?q=1%202", { headers: { "X-B": "2" } }));
  expect(response).toBeInstanceOf(Response);
  expect(response.status).toBe(201);
  expect(response.headers.get("x-a")).toBe("1");
  expect(await response.text()).toBe("GET /x/a b 1 2 2 null");
});

test.each([
  ["http://x/x/%zz", 400],
  ["http://x//x", 400],
  ["http://x/nothing", 404],
])("%s is %i", async (url, status) => {
  expect((await echo(new Request(url))).status).toBe(status);
});

test("HEAD has no body", async () => {
  const handle = route(() => ({ status: 200, body: "hello" }));
  const response = await handle(new Request("http://x/x/1", { method: "HEAD" }));
  expect([response.status, response.body]).toEqual([200, null]);
});

test("a status without a body", async () => {
  const response = await fetchHandler(async () => ({ status: 204, body: "" }))(new Request("http://x/"));
  expect(response.status).toBe(204);
});

test("a handler that fails is 500", async () => {
  const response = await fetchHandler(() => Promise.reject(new Error("secret")))(new Request("http://x/"));
  expect(response.status).toBe(500);
  expect(await response.text()).not.toContain("secret");
});

describe("bodies", () => {
  const endless = (piece: string, milliseconds = 0) => {
    let isCanceled = false;
    const stream = new ReadableStream({
      async pull(controller) {
        if (milliseconds > 0) await new Promise((resolve) => setTimeout(resolve, milliseconds));
        if (!isCanceled) controller.enqueue(new TextEncoder().encode(piece));
      },
      cancel() {
        isCanceled = true;
      },
    });
    return { stream, isCanceled: () => isCanceled };
  };

  test.each([
    ["an object", post('{"a":[1]}'), 200],
    ["malformed", post("{"), 400],
    ["empty", post(""), 400],
    ["too large", post("a".repeat(4_194_305)), 413],
    ["compressed", post("{}", { "content-encoding": "br" }), 415],
  ])("%s", async (_, request, status) => {
    expect((await echo(request)).status).toBe(status);
  });

  test("in pieces", async () => {
    const pieces = ['{"a":"', "é".repeat(10), '"}'].map((text) => new TextEncoder().encode(text));
    const stream = new ReadableStream({
      pull(controller) {
        const piece = pieces.shift();
        if (piece === undefined) controller.close();
        // Cut within a character.
        else for (let at = 0; at < piece.length; at += 7) controller.enqueue(piece.slice(at, at + 7));
      },
    });
    expect(await (await echo(post(stream))).json()).toEqual({ a: "é".repeat(10) });
  });

  test("without an end are 413, and canceled", async () => {
    const { stream, isCanceled } = endless("a".repeat(100_000));
    expect((await echo(post(stream))).status).toBe(413);
    await eventually(isCanceled);
  });

  test("that are slow are 408, and canceled", async () => {
    const { stream, isCanceled } = endless("a", 10);
    const handle = route(async (request) => ({ status: 200, body: String(await request.json()) }), {
      bodyMilliseconds: 100,
    });
    expect((await handle(post(stream))).status).toBe(408);
    await eventually(isCanceled);
  });

  test("that fail, or were read before, are 400", async () => {
    const stream = new ReadableStream({ pull: (controller) => controller.error(new Error("gone")) });
    expect((await echo(post(stream))).status).toBe(400);
    const read = post("{}");
    await read.text();
    expect((await echo(read)).status).toBe(400);
  });
});

describe("streams", () => {
  const streaming = (stream: (out: ReplyWriter, request: HttpRequest) => Promise<void>, limits = {}) =>
    route((request) => ({ status: 200, stream: (out) => stream(out, request) }), limits);
  const request = () => new Request("http://x/x/1");

  test("arrive piece by piece", async () => {
    const handle = streaming(async (out) => {
      for (const word of ["one ", "", "zwei é ", "three"]) await out.write(word);
    });
    expect(await (await handle(request())).text()).toBe("one zwei é three");
  });

  test("wait for a slow reader", async () => {
    let written = 0;
    const handle = streaming(async (out) => {
      for (; written < 5_000_000; written += 10_000) await out.write("x".repeat(10_000));
    });
    const response = await handle(request());
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(written).toBeLessThan(100_000);
    expect((await response.text()).length).toBe(5_000_000);
  });

  test("that are canceled abort the signal and release the writer", async () => {
    let ended: HttpRequest | null = null;
    const handle = streaming(async (out, own) => {
      while (!own.signal.aborted) await out.write("x".repeat(10_000));
      await out.write("after the end");
      ended = own;
    });
    const response = await handle(request());
    await response.body?.cancel();
    await eventually(() => ended !== null);
  });

  test("whose request is aborted end", async () => {
    let ended = false;
    const handle = streaming(async (out, own) => {
      while (!own.signal.aborted) await out.write("x".repeat(10_000));
      ended = true;
    });
    const controller = new AbortController();
    await handle(new Request("http://x/x/1", { signal: controller.signal }));
    controller.abort();
    await eventually(() => ended);
  });

  test("that nobody reads end", async () => {
    let ended = false;
    const handle = streaming(
      async (out, own) => {
        while (!own.signal.aborted) await out.write("x".repeat(10_000));
        ended = true;
      },
      { unreadMilliseconds: 50 },
    );
    const response = await handle(request());
    await eventually(() => ended);
    await expect(response.text()).rejects.toThrow();
  });

  test("that fail are cut", async () => {
    const handle = streaming(async (out) => {
      await out.write("half");
      throw new Error("broken");
    });
    await expect((await handle(request())).text()).rejects.toThrow("broken");
  });
});
