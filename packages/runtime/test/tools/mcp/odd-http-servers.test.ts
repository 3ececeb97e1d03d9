import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { opened } from "./open-servers.js";

const isSoak = Boolean(process.env.NANOAGENT_SOAK);

type Reply = (
  message: { id?: number; method: string; params?: Record<string, unknown> },
  response: ServerResponse,
  headers: NodeJS.Dict<string | string[]>,
) => void;

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

const results: Record<string, unknown> = {
  initialize: { protocolVersion: "2025-06-18", capabilities: { tools: {} }, serverInfo: { name: "odd", version: "1" } },
  "tools/list": { tools: [{ name: "do", inputSchema: { type: "object" } }] },
  "tools/call": { content: [{ type: "text", text: "done" }] },
};
const resultOf = ({ id, method }: { id?: number; method: string }) =>
  JSON.stringify({ jsonrpc: "2.0", id, result: results[method] });
const send = (
  response: ServerResponse,
  body: string,
  headers: Record<string, string> = { "content-type": "application/json" },
) => void response.writeHead(200, headers).end(body);

/** A server over HTTP that answers requests by `reply`, and notifications by 202. */
async function served(
  reply: Reply,
  notified: (response: ServerResponse) => void = (response) => void response.writeHead(202).end(),
) {
  const calls: string[] = [];
  const http = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    if (request.method !== "POST") return void response.writeHead(405).end();
    const message = JSON.parse(body);
    calls.push(message.method);
    if (message.id === undefined) return notified(response);
    reply(message, response, request.headers);
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  closing.push(() => {
    http.close();
    http.closeAllConnections();
  });
  return { url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/mcp`, calls };
}

const stream = { "content-type": "text/event-stream" };
const overHttp: [title: string, reply: Reply][] = [
  ["JSON", (message, response) => send(response, resultOf(message))],
  ["JSON with a byte order mark", (message, response) => send(response, `\ufeff${resultOf(message)}`)],
  ["JSON of no type", (message, response) => send(response, resultOf(message), {})],
  ["JSON as plain text", (message, response) => send(response, resultOf(message), { "content-type": "text/plain" })],
  [
    "JSON of a type in capitals",
    (message, response) => send(response, resultOf(message), { "content-type": "Application/JSON; charset=UTF-8" }),
  ],
  ["a batch", (message, response) => send(response, `[${resultOf(message)}]`)],
  ["JSON over lines", (message, response) => send(response, JSON.stringify(JSON.parse(resultOf(message)), null, 2))],
  ["events", (message, response) => send(response, `event: message\ndata: ${resultOf(message)}\n\n`, stream)],
  [
    "events with comments, ids and retry",
    (message, response) =>
      send(
        response,
        `: hello\n\nid: 1\nretry: 5\ndata: {"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"x"}}\n\n: ping\n\nid: 2\ndata: ${resultOf(message)}\n\n`,
        stream,
      ),
  ],
  [
    "events as in Windows",
    (message, response) => send(response, `event: message\r\ndata: ${resultOf(message)}\r\n\r\n`, stream),
  ],
  [
    "an event over lines",
    (message, response) =>
      send(
        response,
        `${JSON.stringify(JSON.parse(resultOf(message)), null, 1)
          .split("\n")
          .map((line) => `data: ${line}\n`)
          .join("")}\n`,
        stream,
      ),
  ],
  ["an event without its end", (message, response) => send(response, `data: ${resultOf(message)}`, stream)],
  ["a batch in an event", (message, response) => send(response, `data: [${resultOf(message)}]\n\n`, stream)],
  [
    "an event in pieces",
    (message, response) => {
      response.writeHead(200, stream);
      const body = `data: ${resultOf(message)}\r\n\r\n`;
      const parts = body.match(/[\s\S]{1,30}/g) ?? [];
      for (const [index, part] of parts.entries()) setTimeout(() => response.write(part), index * 2);
      setTimeout(() => response.end(), parts.length * 2 + 2);
    },
  ],
  ["ids as texts", (message, response) => send(response, resultOf(message).replace(/"id":(\d+)/, '"id":"$1"'))],
];

describe("a server over HTTP that answers by", () => {
  test.each(overHttp)("%s works", async (_, reply) => {
    for (const notified of [202, 200, 204]) {
      const { url } = await served(reply, (response) => void response.writeHead(notified).end());
      await using house = await opened({ house: { url, permission: "always" } });
      expect([house.notices(), (await house.call("house_do")).content]).toEqual([[], "done"]);
      if (!isSoak) return;
    }
  });
});

const lost: [title: string, status: number, body: string][] = [
  ["404", 404, ""],
  ["404 with an error", 404, '{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"Session not found"}}'],
  [
    "400 with an error",
    400,
    '{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"Bad Request: No valid session ID provided"}}',
  ],
  ["400 that says what it misses", 400, "Bad Request: Server not initialized"],
];

test.each(lost)(
  "a session that is unknown (%s) is begun anew, and the call made once more",
  async (_, status, body) => {
    let session = 1;
    let ran = 0;
    const { url } = await served((message, response, headers) => {
      if (message.method === "initialize") {
        return void response
          .writeHead(200, { "content-type": "application/json", "mcp-session-id": `s${session}` })
          .end(resultOf(message));
      }
      if (headers["mcp-session-id"] !== `s${session}`) return void response.writeHead(status).end(body);
      if (message.method === "tools/call") ran += 1;
      send(response, resultOf(message));
    });
    await using house = await opened({ house: { url, permission: "always" } });
    expect((await house.call("house_do")).content).toBe("done");
    session = 2;
    expect((await house.call("house_do")).content).toBe("done");
    expect(ran).toBe(2);
    // A server that forgets at once is not asked for ever.
    const forgetful = await served((message, response) => {
      if (message.method === "tools/call") return void response.writeHead(status).end(body);
      response.writeHead(200, { "content-type": "application/json", "mcp-session-id": "s" }).end(resultOf(message));
    });
    await using other = await opened({ house: { url: forgetful.url, permission: "always" } });
    const { outcome, content } = await other.call("house_do");
    expect([outcome, content]).toEqual(["failed", expect.stringContaining("session")]);
    expect(forgetful.calls.filter((method) => method === "tools/call")).toHaveLength(2);
  },
);

const refusing: [title: string, status: number, headers: Record<string, string>, said: string][] = [
  ["wants a key", 401, { "www-authenticate": "Bearer" }, "api_key_env"],
  ["forbids", 403, {}, "api_key_env"],
  [
    "sends elsewhere",
    307,
    { location: "https://example.com/mcp?token=1" },
    "to https://example.com/mcp, which is not followed",
  ],
  ["sends elsewhere for ever", 301, { location: "/mcp/" }, "which is not followed"],
  ["speaks the older form", 405, {}, "/sse"],
  ["is not at this address", 404, {}, "/mcp"],
];

test.each(refusing)("a server that %s is a notice that says what to do", async (_, status, headers, said) => {
  const { url, calls } = await served((_message, response) => void response.writeHead(status, headers).end("<html>"));
  await using house = await opened({ house: { url, permission: "always" } });
  expect(house.notices()).toEqual([expect.stringContaining(said)]);
  expect(house.notices()[0]).not.toContain("token");
  expect(calls.length).toBeLessThan(3);
});

test("a call that did not reach its server did not act, and says so", async () => {
  const { url } = await served((message, response) => send(response, resultOf(message)));
  await using house = await opened({ house: { url, permission: "always" } });
  expect((await house.call("house_do")).content).toBe("done");
  for (const close of closing.splice(0)) close();
  await new Promise((resolve) => setTimeout(resolve, 50));
  let found = await house.call("house_do");
  // The connection that was open may have ended under it: of that call nothing is known.
  if (found.content.includes("It may have acted")) found = await house.call("house_do");
  expect(found.outcome).toBe("failed");
  expect(found.content).not.toContain("It may have acted");
});
