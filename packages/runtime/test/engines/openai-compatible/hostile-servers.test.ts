import type { ServerResponse } from "node:http";
import { type AddressInfo, createServer as createTcpServer, type Socket } from "node:net";
import { gzipSync } from "node:zlib";
import type { EngineEvent } from "@nanoagent/runtime";
import { RemoteEngineError, type RemoteTimeouts } from "@nanoagent/runtime/engines/openai-compatible";
import { describe, expect, onTestFinished, test } from "vitest";
import { type Answer, sendJson, sleep, writePieces } from "./fake-server.js";
import { fakeLlamaServer, fakeOllama, openaiChunk } from "./fake-servers.js";
import { ask, collect, failToOpen, failToOpenAt, openOn, replying } from "./open-engine.js";

const hello = `data: ${JSON.stringify(openaiChunk({ content: "Hello" }))}\n\n`;
const impatient = { firstPieceMilliseconds: 300, nextPieceMilliseconds: 300 };

function stream(response: ServerResponse): ServerResponse {
  return response.writeHead(200, { "content-type": "text/event-stream" });
}

/** Events of a reply from a hostile server. */
async function eventsOf(reply: Answer, timeouts: Partial<RemoteTimeouts> = {}): Promise<EngineEvent[]> {
  const { engine } = await openOn(replying(reply), { timeouts });
  return collect(engine.generate(ask("hi")));
}

function errorOf(events: readonly EngineEvent[]): RemoteEngineError {
  const last = events.at(-1);
  if (last?.type !== "error") throw new Error(`ended by ${JSON.stringify(last)}`);
  expect(last.error).toBeInstanceOf(RemoteEngineError);
  expect(last.error.hint).not.toBeNull();
  return last.error as RemoteEngineError;
}

/** Writes until the client stops reading or `maxBytes` are sent. Returns the number of bytes. */
async function flood(response: ServerResponse, piece: Buffer, maxBytes: number): Promise<number> {
  let sent = 0;
  let resume = () => {};
  response.on("drain", () => resume());
  response.on("close", () => resume());
  while (sent < maxBytes && !response.destroyed) {
    sent += piece.length;
    if (response.write(piece)) continue;
    await new Promise<void>((resolve) => {
      resume = resolve;
    });
  }
  return sent;
}

describe("a reply that", () => {
  const cases: [name: string, Answer, code: string, message: RegExp][] = [
    ["never begins", () => {}, "remote-timeout", /did not start its response in time/],
    ["has headers and no body", (_, response) => stream(response).flushHeaders(), "remote-timeout", /start its reply/],
    [
      "only sends keep-alives",
      async (_, response) => {
        stream(response);
        await writePieces(response, Array(100).fill(": ping\n\n"), 20);
      },
      "remote-timeout",
      /start its reply/,
    ],
    [
      "drips a byte at a time",
      async (_, response) => {
        stream(response);
        await writePieces(response, hello.repeat(3), 10);
      },
      "remote-timeout",
      /start its reply/,
    ],
    [
      "stops in the middle and keeps the connection open",
      (_, response) => stream(response).write(hello),
      "remote-timeout",
      /continue its reply/,
    ],
    ["stops in the middle", (_, response) => stream(response).end(hello), "remote-failed", /stopped during its reply/],
    [
      "loses its connection in the middle",
      async (_, response) => {
        stream(response).write(hello);
        await sleep(50);
        response.destroy();
      },
      "remote-failed",
      /closed the connection before its response was complete/,
    ],
    [
      "loses its connection before it begins",
      (_, response) => response.destroy(),
      "remote-failed",
      /closed the connection/,
    ],
    ["is empty", (_, response) => stream(response).end(), "remote-failed", /stopped during its reply/],
    ["is not JSON", (_, response) => stream(response).end("data: {oops\n\n"), "remote-protocol", /invalid JSON/],
    [
      "is cut in the middle of a piece",
      (_, response) => stream(response).end(`${hello}data: {"choices":[{"delta":{"con`),
      "remote-protocol",
      /invalid JSON/,
    ],
    [
      "is an HTML page",
      (_, response) => {
        response.writeHead(200, { "content-type": "text/html; charset=utf-8" });
        response.end("<html><script>alert(1)</script></html>");
      },
      "remote-protocol",
      /an HTML page instead of a reply/,
    ],
    [
      "has an unknown compression",
      (_, response) => {
        response.writeHead(200, { "content-type": "text/event-stream", "content-encoding": "zstd" });
        response.end(hello);
      },
      "remote-protocol",
      /compressed/,
    ],
    [
      "claims to be compressed and is not",
      (_, response) => {
        response.writeHead(200, { "content-type": "text/event-stream", "content-encoding": "gzip" });
        response.end(hello);
      },
      "remote-protocol",
      /compressed/,
    ],
    [
      "is compressed and truncated",
      (_, response) => {
        response.writeHead(200, { "content-type": "text/event-stream", "content-encoding": "gzip" });
        response.end(gzipSync(hello.repeat(50)).subarray(0, -12));
      },
      "remote-protocol",
      /compressed/,
    ],
    [
      "comes with endless headers",
      (_, response) => {
        response.writeHead(200, { "x-long": "x".repeat(40_000) });
        response.end(hello);
      },
      "remote-protocol",
      /headers of more than 16 KB/,
    ],
    [
      "calls tools without end",
      (_, response) =>
        stream(response).end(
          Array.from({ length: 200 }, (_, index) => {
            const call = { index, id: `${index}`, function: { name: "t", arguments: "{}" } };
            return `data: ${JSON.stringify(openaiChunk({ tool_calls: [call] }))}\n\n`;
          }).join(""),
        ),
      "remote-protocol",
      /more than 128 tool calls/,
    ],
    [
      "calls a tool with endless arguments",
      (_, response) => {
        const call = { index: 0, function: { name: "t", arguments: "x".repeat(100_000) } };
        stream(response).end(`data: ${JSON.stringify(openaiChunk({ tool_calls: [call] }))}\n\n`.repeat(20));
      },
      "remote-protocol",
      /arguments are too long/,
    ],
    ["has the status 204", (_, response) => response.writeHead(204).end(), "remote-protocol", /with status 204/],
    [
      "is refused with an HTML page",
      (_, response) => {
        response.writeHead(502, { "content-type": "text/html" });
        response.end("<html><h1>Bad Gateway</h1></html>");
      },
      "remote-failed",
      /failed \(502\)/,
    ],
  ];

  test.each(cases)("%s is an error", async (_, reply, code, message) => {
    const error = errorOf(await eventsOf(reply, code === "remote-timeout" ? impatient : {}));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
    expect(error.reason).toBeNull();
  });
});

test("a refusal shows the server's message, shortened and without control characters", async () => {
  const message = `\u001b]0;owned\u0007 no\u202E\r\n\tsuch \uD800 thing ${"x".repeat(10_000)}`;
  const error = errorOf(await eventsOf((_, response) => sendJson(response, { error: { message } }, 400)));
  expect(error).toMatchObject({ code: "remote-refused", status: 400 });
  expect(error.reason).toMatch(/^\]0;owned no such thing x+…$/);
  expect(error.reason?.length).toBe(301);
});

test.each([
  ["a string", { error: "boom" }, "boom"],
  ["a message", { message: "boom" }, "boom"],
  ["FastAPI's detail", { detail: "boom" }, "boom"],
  ["FastAPI's details", { detail: [{ loc: ["body"], msg: "boom" }] }, "boom"],
  ["nothing", {}, null],
  ["no text", { error: { message: 7 } }, null],
  ["a list", [1], null],
])("the message of a refusal is found in %s", async (_, body, reason) => {
  expect(errorOf(await eventsOf((_, response) => sendJson(response, body, 400))).reason).toBe(reason);
});

test("an endless error body is not read to its end", async () => {
  let sent = 0;
  const error = errorOf(
    await eventsOf(async (_, response) => {
      response.writeHead(500, { "content-type": "text/plain" });
      sent = await flood(response, Buffer.alloc(64 * 1024, "x"), 2 ** 28);
    }),
  );
  expect(error).toMatchObject({ code: "remote-failed", reason: null });
  await expect.poll(() => sent).toBeGreaterThan(0);
  expect(sent).toBeLessThan(2 ** 25);
});

test("a compressed reply that never ends is aborted after 64 MB", async () => {
  const bomb = gzipSync(Buffer.alloc(2 ** 27, ": ping\n\n"), { level: 1 });
  const error = errorOf(
    await eventsOf((_, response) => {
      response.writeHead(200, { "content-type": "text/event-stream", "content-encoding": "gzip" });
      response.end(bomb);
    }),
  );
  expect(error.message).toMatch(/sent more than 67108864 bytes/);
});

test("a line of 1 GB is aborted after 1 MB", async () => {
  let sent = 0;
  const before = process.memoryUsage().rss;
  const error = errorOf(
    await eventsOf(async (_, response) => {
      stream(response).write("data: ");
      sent = await flood(response, Buffer.alloc(64 * 1024, "x"), 2 ** 30);
    }),
  );
  expect(error.code).toBe("remote-protocol");
  expect(error.message).toMatch(/more than 1048576 bytes in one line/);
  await expect.poll(() => sent).toBeGreaterThan(2 ** 20);
  expect(sent).toBeLessThan(2 ** 26);
  expect(process.memoryUsage().rss - before).toBeLessThan(2 ** 27);
});

test("an endless reply is aborted after 64 MB", async () => {
  let sent = 0;
  const { engine } = await openOn(
    replying(async (_, response) => {
      sent = await flood(stream(response), Buffer.from(`: ${"x".repeat(64 * 1024)}\n`), 2 ** 30);
    }),
  );
  const error = errorOf(await collect(engine.generate(ask("hi"))));
  expect(error.message).toMatch(/sent more than 67108864 bytes/);
  await expect.poll(() => sent).toBeGreaterThan(2 ** 26);
  expect(sent).toBeLessThan(2 ** 28);
});

describe("a server that, during detection,", () => {
  const cases: [name: string, Answer, code: string][] = [
    ["never answers", () => {}, "remote-timeout"],
    [
      "drips its response",
      async (_, response) => {
        response.writeHead(200, { "content-type": "application/json" });
        await writePieces(response, JSON.stringify({ data: [{ id: "m" }] }).padEnd(500), 10);
      },
      "remote-timeout",
    ],
    ["responds with HTML", (_, response) => response.end("<html>hello</html>"), "remote-protocol"],
    [
      "sends an endless response",
      async (_, response) => {
        await flood(response, Buffer.alloc(64 * 1024, "["), 2 ** 28);
      },
      "remote-protocol",
    ],
    ["hangs up", (_, response) => response.destroy(), "remote-failed"],
    ["fails", (_, response) => sendJson(response, { error: "boom" }, 500), "remote-failed"],
    [
      "redirects to the network",
      (_, response) => response.writeHead(302, { location: "http://93.184.216.34/v1/models" }).end(),
      "remote-protocol",
    ],
  ];

  test.each(cases)("%s is rejected", async (_, answer, code) => {
    const timeouts = code === "remote-timeout" ? { questionMilliseconds: 300 } : {};
    expect(await failToOpen(answer, { timeouts })).toMatchObject({ code, hint: expect.any(String) });
  });

  test("fails every server-specific request counts as a plain OpenAI server", async () => {
    const { engine } = await openOn((request, response) =>
      request.url === "/v1/models" ? sendJson(response, { data: [{ id: "m" }] }) : response.destroy(),
    );
    expect(engine.server.kind).toBe("openai");
  });

  test("nests 1 MB of brackets", async () => {
    const nested = `{"data":${"[".repeat(2 ** 19)}${"]".repeat(2 ** 19)}}`;
    expect(await failToOpen((_, response) => response.end(nested))).toMatchObject({ code: "remote-model-unknown" });
  });
});

test("a redirect of a reply is not followed", async () => {
  const error = errorOf(
    await eventsOf((_, response) => response.writeHead(307, { location: "http://93.184.216.34/" }).end()),
  );
  expect(error).toMatchObject({ code: "remote-protocol", status: 307 });
  expect(error.message).toMatch(/redirects to http:\/\/93.184.216.34\/\. Redirects are not followed/);
});

describe("anything but valid HTTP", () => {
  async function listen(talk: (socket: Socket) => void): Promise<string> {
    const sockets = new Set<Socket>();
    const server = createTcpServer((socket) => {
      sockets.add(socket);
      socket.on("error", () => {});
      talk(socket);
    });
    await new Promise<void>((resolve) => {
      server.listen(0, "127.0.0.1", resolve);
    });
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  test.each([
    ["another protocol", "SSH-2.0-OpenSSH_9.6\r\n", "remote-protocol"],
    ["half a response", "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{", "remote-failed"],
    ["two lengths", "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}", "remote-protocol"],
    ["an upgrade", "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n", "remote-failed"],
  ])("%s", async (_, answer, code) => {
    const url = await listen((socket) => socket.once("data", () => socket.end(answer)));
    expect(await failToOpenAt(url)).toMatchObject({ code });
  });

  test("a server that accepts the connection and stays silent", async () => {
    const url = await listen(() => {});
    const timeouts = { questionMilliseconds: 300 };
    expect(await failToOpenAt(url, { timeouts })).toMatchObject({ code: "remote-timeout" });
  });

  test("endless interim responses", async () => {
    const url = await listen((socket) => {
      const timer = setInterval(() => socket.write("HTTP/1.1 102 Processing\r\n\r\n"), 5);
      socket.on("close", () => clearInterval(timer));
    });
    const timeouts = { questionMilliseconds: 300 };
    expect(await failToOpenAt(url, { timeouts })).toMatchObject({ code: "remote-timeout" });
  });
});

test("a message too long for the server's context has a hint", async () => {
  const body = {
    error: {
      code: 400,
      message: "request (25837 tokens) exceeds the available context size (25088 tokens), try increasing it",
      type: "exceed_context_size_error",
      n_prompt_tokens: 25837,
      n_ctx: 25088,
    },
  };
  const error = errorOf(await eventsOf((_, response) => sendJson(response, body, 400)));
  expect(error).toMatchObject({ code: "remote-refused", reason: body.error.message });
  expect(error.hint).toMatch(/engine.context/);
});

test("after every failure the next request works", async () => {
  const good = fakeLlamaServer();
  let asked = 0;
  const { engine } = await openOn(async (request, response) => {
    if (request.url !== "/v1/chat/completions" || ++asked % 2 === 0) return good(request, response);
    stream(response).write(hello);
    await sleep(20);
    return asked % 4 === 1 ? response.destroy() : response.end("data: {oops\n\n");
  });
  for (let index = 0; index < 6; index++) {
    const last = (await collect(engine.generate(ask("hi")))).at(-1);
    expect(last?.type).toBe(index % 2 === 0 ? "error" : "end");
  }
});

test("Ollama's lines have the same limit", async () => {
  const ollama = fakeOllama();
  const { engine } = await openOn(async (request, response) => {
    if (request.url !== "/api/chat") return ollama(request, response);
    response.writeHead(200, { "content-type": "application/x-ndjson" });
    return flood(response, Buffer.alloc(64 * 1024, "x"), 2 ** 28);
  });
  expect(errorOf(await collect(engine.generate(ask("hi")))).message).toMatch(/in one line/);
});
