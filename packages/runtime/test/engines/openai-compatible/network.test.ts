import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer as createHttpsServer } from "node:https";
import type { LookupFunction } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { openOpenAiCompatibleEngine, type RemoteEngineError } from "@nanoagent/runtime/engines/openai-compatible";
import { describe, expect, test } from "vitest";
import { isLoopback } from "../../../src/engines/openai-compatible/http/loopback-lookup.js";
import { readRetryAfter } from "../../../src/engines/openai-compatible/http/retry.js";
import { type Answer, sendJson, sleep, startServer } from "./fake-server.js";
import { fakeLlamaServer, fakeVllm } from "./fake-servers.js";
import { ask, collect, failToOpenAt, openOn, replying, textOf } from "./open-engine.js";

/** Creates certificates, if installed. */
const OPENSSL = "openssl";

/** Returns a resolver for these names that records every lookup. */
function resolver(names: Record<string, string[]>) {
  const asked: string[] = [];
  const lookup: LookupFunction = (hostname, options, callback) => {
    asked.push(hostname);
    const addresses = (names[hostname] ?? []).map((address) => ({ address, family: address.includes(":") ? 6 : 4 }));
    const [first] = addresses;
    if (first === undefined)
      return callback(Object.assign(new Error("getaddrinfo ENOTFOUND"), { code: "ENOTFOUND" }), "");
    if (options.all) callback(null, addresses);
    else callback(null, first.address, first.family);
  };
  return { lookup, asked };
}

test.each([
  ["127.0.0.1", true],
  ["127.255.0.9", true],
  ["::1", true],
  ["::ffff:127.0.0.1", true],
  ["::ffff:10.0.0.1", false],
  ["0.0.0.0", false],
  ["::", false],
  ["10.0.0.1", false],
  ["169.254.169.254", false],
  ["fe80::1", false],
  ["localhost", false],
  ["", false],
])("%s is loopback: %s", (address, expected) => {
  expect(isLoopback(address)).toBe(expected);
});

describe("another machine, with the network disallowed,", () => {
  test.each([
    "http://93.184.216.34",
    "http://0.0.0.0:8080",
    "http://[::]:8080",
    "http://[2001:db8::1]/v1",
    "http://0xa.1",
    "http://[::ffff:10.0.0.1]",
    "https://10.0.0.1",
  ])("is rejected by its address: %s", async (url) => {
    expect(await failToOpenAt(url)).toMatchObject({
      code: "network-not-allowed",
      hint: expect.stringContaining("engine.allow_network"),
    });
  });

  test.each([
    [["93.184.216.34"], "It resolves to 93.184.216.34."],
    [["127.0.0.1", "93.184.216.34"], "It resolves to 93.184.216.34."],
    [["::1", "fd00::1", "10.0.0.1"], "It resolves to fd00::1, 10.0.0.1."],
  ])("is rejected by its resolved addresses, before any connection: %j", async (addresses, reason) => {
    const server = await startServer(fakeVllm());
    const { lookup, asked } = resolver({ "model.example": addresses });
    const error = await failToOpenAt(server.url.replace("127.0.0.1", "model.example"), { lookup });
    expect(error).toMatchObject({ code: "network-not-allowed", reason });
    expect((error as Error).message).toContain("model.example");
    expect(asked).toEqual(["model.example"]);
    expect(server.connections.made).toBe(0);
  });

  test("is rejected even if the name was this machine a moment ago", async () => {
    const names = { "model.example": ["127.0.0.1"] };
    const server = await startServer((request, response) => {
      // The server closes every connection, so that the next request resolves the name again.
      response.setHeader("connection", "close");
      return fakeVllm()(request, response);
    });
    const { lookup } = resolver(names);
    const url = server.url.replace("127.0.0.1", "model.example");
    const engine = await openOpenAiCompatibleEngine({ url, lookup });
    names["model.example"] = ["93.184.216.34"];
    const events = await collect(engine.generate(ask("hi")));
    expect(events).toMatchObject([{ type: "error", error: { code: "network-not-allowed" } }]);
    await engine.close();
  });
});

describe("this machine", () => {
  test.each(["localhost", "LOCALHOST", "127.0.0.1", "127.1", "0x7f000001", "[::ffff:127.0.0.1]"])(
    "as %s",
    async (host) => {
      const server = await startServer(fakeVllm());
      const engine = await openOpenAiCompatibleEngine({ url: server.url.replace("127.0.0.1", host) });
      expect(textOf(await collect(engine.generate(ask("hi"))))).toBe("Hello from the server.");
      await engine.close();
    },
  );

  test("under its host name", async () => {
    const server = await startServer(fakeVllm());
    const { lookup } = resolver({ raspberrypi: ["127.0.0.1"] });
    const engine = await openOpenAiCompatibleEngine({ url: server.url.replace("127.0.0.1", "raspberrypi"), lookup });
    await engine.close();
    expect(server.requests[0]?.headers.host).toMatch(/^raspberrypi:\d+$/);
  });
});

test("another machine works with the network allowed", async () => {
  const server = await startServer(fakeVllm());
  // To the engine, this name is on another machine. The resolver leads back to the fake server.
  const { lookup } = resolver({ "gpu.example": ["127.0.0.1"] });
  const url = server.url.replace("127.0.0.1", "gpu.example");
  const engine = await openOpenAiCompatibleEngine({ url, lookup, allowNetwork: true });
  expect(engine.server.kind).toBe("vllm");
  expect(engine.server.notices).toEqual([expect.stringMatching(/gpu.example:\d+ is not encrypted/)]);
  await engine.close();
  const { lookup: outside, asked } = resolver({});
  expect(await failToOpenAt("http://nowhere.example", { lookup: outside, allowNetwork: true })).toMatchObject({
    code: "remote-unreachable",
    message: expect.stringContaining("host name"),
  });
  expect(asked).toEqual(["nowhere.example"]);
});

describe("an invalid address", () => {
  test.each([
    ["", /is not an http or https URL/],
    ["localhost:8080", /is not an http or https URL/],
    ["127.0.0.1:8080", /is not an http or https URL/],
    ["unix:///run/llama.sock", /is not an http or https URL/],
    ["file:///etc/passwd", /is not an http or https URL/],
    ["http://", /is not an http or https URL/],
    ["http://127.0.0.1:99999", /is not an http or https URL/],
    ["http://user:hunter2@127.0.0.1", /contains a user name or password/],
    ["http://127.0.0.1/?key=hunter2", /has a \? or # part/],
    ["http://127.0.0.1/#hunter2", /has a \? or # part/],
  ])("%s", async (url, message) => {
    const error = (await failToOpenAt(url)) as RemoteEngineError;
    expect(error.code).toBe("remote-settings-invalid");
    expect(error.message).toMatch(message);
    expect(JSON.stringify(error)).not.toContain("hunter2");
  });
});

describe("a server that is not ready", () => {
  /** Fails a number of times, then responds. */
  function after(failures: number, fail: Answer): { answer: Answer; tries: () => number } {
    let tries = 0;
    const answer = replying((request, response) =>
      ++tries <= failures ? fail(request, response) : fakeVllm()(request, response),
    );
    return { answer, tries: () => tries };
  }
  const busy: Answer = (_, response) => sendJson(response, { error: { message: "Loading model" } }, 503);

  test.each([
    ["503", busy],
    ["429", (_, response) => sendJson(response, { error: "slow down" }, 429)],
    [
      "503 with a pause",
      (_, response) => {
        response.setHeader("retry-after", "0");
        sendJson(response, {}, 503);
      },
    ],
  ] satisfies [string, Answer][])("is retried: %s", async (_, fail) => {
    const { answer, tries } = after(3, fail);
    const { engine } = await openOn(answer);
    expect(textOf(await collect(engine.generate(ask("hi"))))).toBe("Hello from the server.");
    expect(tries()).toBe(4);
  });

  test("fails after three retries", async () => {
    const { answer, tries } = after(9, busy);
    const { engine } = await openOn(answer);
    const events = await collect(engine.generate(ask("hi")));
    expect(events).toMatchObject([
      { type: "error", error: { code: "remote-overloaded", status: 503, reason: "Loading model" } },
    ]);
    expect(tries()).toBe(4);
  });

  test("fails at once if it asks for a long pause", async () => {
    const { answer, tries } = after(9, (_, response) => {
      response.setHeader("retry-after", "3600");
      sendJson(response, {}, 429);
    });
    const { engine } = await openOn(answer);
    const events = await collect(engine.generate(ask("hi")));
    expect(events).toMatchObject([{ type: "error", error: { code: "remote-overloaded", status: 429 } }]);
    expect(tries()).toBe(1);
  });

  test.each<[string, Answer]>([
    ["500", (_, response) => sendJson(response, { error: "boom" }, 500)],
    ["400", (_, response) => sendJson(response, { error: "boom" }, 400)],
    [
      "a connection lost during the response",
      async (_, response) => {
        response.writeHead(200, { "content-type": "text/event-stream" }).flushHeaders();
        await sleep(50);
        response.destroy();
      },
    ],
    [
      "a connection lost before the response",
      async (_, response) => {
        await sleep(700);
        response.destroy();
      },
    ],
  ])("is not retried after %s", async (_, fail) => {
    const { answer, tries } = after(9, fail);
    const { engine } = await openOn(answer);
    expect((await collect(engine.generate(ask("hi")))).at(-1)?.type).toBe("error");
    expect(tries()).toBe(1);
  });

  test("is retried after the pause that it asks for", async () => {
    const { answer } = after(1, (_, response) => {
      response.setHeader("retry-after", "1");
      sendJson(response, {}, 503);
    });
    const { engine } = await openOn(answer);
    const since = performance.now();
    await collect(engine.generate(ask("hi")));
    expect(performance.now() - since).toBeGreaterThan(990);
  });

  test("is retried while nothing listens yet", async () => {
    const { url, label, close } = await startServer(fakeVllm());
    await close();
    expect(await failToOpenAt(url)).toMatchObject({
      code: "remote-unreachable",
      message: `Nothing is listening at ${label}.`,
      reason: expect.stringContaining("ECONNREFUSED"),
    });
    const opening = openOpenAiCompatibleEngine({ url, timeouts: { retryMilliseconds: 400 } });
    await startServer(fakeVllm(), { port: Number(new URL(url).port) });
    const engine = await opening;
    await engine.close();
  });

  test("may give the pause in seconds or as a date", () => {
    expect(readRetryAfter("5")).toBe(5000);
    expect(readRetryAfter(" 0 ")).toBe(0);
    expect(readRetryAfter("Wed, 21 Oct 2026 07:28:00 GMT", Date.parse("2026-10-21T07:27:50Z"))).toBe(10_000);
    for (const header of [undefined, "", "soon", "-1", "1e9999", "Wed, 21 Oct 2015 07:28:00 GMT"]) {
      expect(readRetryAfter(header)).toBeNull();
    }
  });
});

test("a connection that is never established times out", async () => {
  const error = await failToOpenAt("http://localhost:8080", {
    lookup: () => {},
    timeouts: { connectMilliseconds: 100 },
  });
  expect(error).toMatchObject({
    code: "remote-timeout",
    message: expect.stringContaining("did not accept the connection in time"),
  });
});

test("opening ends when its signal aborts, and closes the connection", async () => {
  const server = await startServer(() => {});
  const caller = new AbortController();
  const opening = openOpenAiCompatibleEngine({ url: server.url }, { signal: caller.signal });
  await expect.poll(() => server.requests.length).toBe(1);
  caller.abort(new Error("enough"));
  await expect(opening).rejects.toThrow("enough");
  await expect.poll(() => server.connections.open).toBe(0);
  await expect(
    openOpenAiCompatibleEngine({ url: server.url }, { signal: AbortSignal.abort(new Error("before")) }),
  ).rejects.toThrow("before");
});

test("an engine that fails to open closes its connections", async () => {
  const server = await startServer(fakeVllm());
  await failToOpenAt(server.url, { model: "other" });
  await expect.poll(() => server.connections.open).toBe(0);
});

function canMakeCertificates(): boolean {
  try {
    execFileSync(OPENSSL, ["version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

describe.skipIf(!canMakeCertificates())("https", () => {
  async function startHttps(answer: Answer) {
    const folder = mkdtempSync(path.join(tmpdir(), "nanoagent-tls-"));
    const file = (name: string) => path.join(folder, name);
    try {
      const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"];
      const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", file("key")];
      execFileSync(OPENSSL, ["req", "-x509", "-days", "1", ...key, "-out", file("cert"), ...subject], {
        stdio: "ignore",
      });
      const credentials = { key: readFileSync(file("key")), cert: readFileSync(file("cert")) };
      return await startServer(answer, { create: (listener) => createHttpsServer(credentials, listener) as never });
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  test("a self-signed certificate is not trusted, and nothing is sent", async () => {
    const server = await startHttps(fakeLlamaServer());
    const error = (await failToOpenAt(server.url.replace("http:", "https:"), {
      apiKey: "sk-secret",
    })) as RemoteEngineError;
    expect(error).toMatchObject({ code: "remote-unreachable", reason: expect.stringMatching(/self-signed/) });
    expect(error.hint).toMatch(/NODE_EXTRA_CA_CERTS/);
    expect(server.requests).toEqual([]);
  });

  test("https to a server that speaks http, and http to one that speaks https", async () => {
    const plain = await startServer(fakeLlamaServer());
    expect(await failToOpenAt(plain.url.replace("http:", "https:"))).toMatchObject({ code: "remote-unreachable" });
    const secure = await startHttps(fakeLlamaServer());
    const error = (await failToOpenAt(secure.url)) as RemoteEngineError;
    expect(["remote-failed", "remote-protocol"]).toContain(error.code);
  });
});
