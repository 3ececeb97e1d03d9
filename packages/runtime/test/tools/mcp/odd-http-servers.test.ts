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

/** An HTTP server that answers requests with `reply` and notifications with 202. */
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
    "JSON with a type in uppercase",
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
    "events with Windows line endings",
    (message, response) => send(response, `event: message\r\ndata: ${resultOf(message)}\r\n\r\n`, stream),
  ],
  [
    "an event over several lines",
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
  ["an unfinished event", (message, response) => send(response, `data: ${resultOf(message)}`, stream)],
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

/** Ways in which servers report an unknown session. `null` is a bare 404. */
const lost: [title: string, status: number, words: string | null][] = [
  ["404", 404, null],
  ["404 with a general word", 404, "Not Found"],
  ["404 with an error", 404, "Session not found"],
  ["400 with an error", 400, "Bad Request: No valid session ID provided"],
  ["400 that says what it misses", 400, "Bad Request: Server not initialized"],
  ["400 in words of its own", 400, "No session of that number is open"],
  ["401 in words about it", 401, "Unauthorized: Session not found"],
  ["410", 410, "session expired"],
  ["404 with the id", 404, "Session 7f3e-11 does not exist"],
  ["404 with the id of the header", 404, "Invalid or expired session ID"],
];
/** Bodies that contain such a sentence without answering a request by its id. */
const bodies = [
  (words: string) => words,
  (words: string) => JSON.stringify({ jsonrpc: "2.0", id: null, error: { code: -32_000, message: words } }),
  (words: string) => JSON.stringify({ jsonrpc: "2.0", id: "server-error", error: { code: -32_600, message: words } }),
  (words: string) => JSON.stringify({ error: words }),
  (words: string) => JSON.stringify({ detail: words }),
];
const sessionHeaders = (session: number) => ({
  "content-type": "application/json",
  "mcp-session-id": `s${session}`,
});

test.each(lost)(
  "starts a new session after an unknown one (%s) and repeats the call once",
  async (_, status, words) => {
    for (const body of words === null ? [""] : bodies.map((write) => write(words))) {
      let session = 1;
      let ran = 0;
      const { url } = await served((message, response, headers) => {
        if (message.method === "initialize") return send(response, resultOf(message), sessionHeaders(session));
        if (headers["mcp-session-id"] !== `s${session}`) return void response.writeHead(status).end(body);
        if (message.method === "tools/call") ran += 1;
        send(response, resultOf(message));
      });
      await using house = await opened({ house: { url, permission: "always" } });
      expect((await house.call("house_do")).content).toBe("done");
      session = 2;
      expect((await house.call("house_do")).content, body).toBe("done");
      expect(ran).toBe(2);
      // A server that always forgets is not asked forever.
      session = 3;
      const forgetful = await served((message, response) => {
        if (message.method === "initialize") return send(response, resultOf(message), sessionHeaders(session));
        if (message.method === "tools/call") session += 1;
        if (session > 3) return void response.writeHead(status).end(body);
        send(response, resultOf(message));
      });
      await using other = await opened({ house: { url: forgetful.url, permission: "always" } });
      expect((await other.call("house_do")).outcome).toBe("failed");
      expect(forgetful.calls.filter((method) => method === "tools/call").length).toBeLessThan(3);
    }
  },
);

const acted: [title: string, body: (id: unknown) => string][] = [
  ["an error", (id) => JSON.stringify({ jsonrpc: "2.0", id, error: { code: -32_602, message: "Zone south is shut" } })],
  ["an error without a version", (id) => JSON.stringify({ id, error: { message: "Zone south is shut" } })],
  [
    "a result that failed",
    (id) =>
      JSON.stringify({
        jsonrpc: "2.0",
        id,
        result: { isError: true, content: [{ type: "text", text: "Zone south is shut" }] },
      }),
  ],
  [
    "an error that names a session",
    (id) =>
      JSON.stringify({ jsonrpc: "2.0", id, error: { code: -32_000, message: "Session expired: Zone south is shut" } }),
  ],
];
const forms: [title: string, write: (body: (id: unknown) => string, id: number) => string][] = [
  ["JSON", (body, id) => body(id)],
  ["JSON with the id as a text", (body, id) => body(String(id))],
  ["a batch", (body, id) => `[${body(id)}]`],
  ["an event", (body, id) => `event: message\ndata: ${body(id)}\n\n`],
];
const statuses = [400, 401, 403, 404, 405, 409, 410, 422, 429, 500, 503];

test.each(acted)("makes a call only once when it was answered by id, with any status: %s", async (_, body) => {
  for (const [form, write] of forms) {
    const rest = [...statuses];
    for (const withSession of [true, false]) {
      let ran = 0;
      let status = 200;
      const { url } = await served((message, response) => {
        if (message.method !== "tools/call") {
          return send(response, resultOf(message), withSession ? sessionHeaders(1) : { "content-type": "text/plain" });
        }
        ran += 1;
        response.writeHead(status).end(write(body, message.id as number));
      });
      await using house = await opened({ house: { url, permission: "always" } });
      for (const [index, next] of rest.entries()) {
        status = next;
        const { outcome, content } = await house.call("house_do");
        expect([form, status, outcome, ran]).toEqual([form, status, "failed", index + 1]);
        expect(content).toContain("Zone south is shut");
        expect(content).not.toContain("any more");
        expect(content).not.toContain("may have acted");
      }
    }
  }
});

test("makes a call only once when it was refused in a valid session, and reports that it may have run", async () => {
  for (const [status, body, said] of [
    [404, "", "404"],
    [404, '{"error":"pump not found"}', "pump not found"],
    [404, '{"error":"the user\'s session was not found, valve opened"}', "valve opened"],
    [400, "the valve is open, the session of the watering has ended", "valve is open"],
    [410, '{"detail":"the seeds are gone"}', "seeds are gone"],
    [500, '{"error":"Session not found"}', "500"],
  ] as const) {
    for (const headers of [sessionHeaders(1), { "content-type": "application/json" }]) {
      let ran = 0;
      const { url } = await served((message, response) => {
        if (message.method !== "tools/call") return send(response, resultOf(message), headers);
        ran += 1;
        response.writeHead(status).end(body);
      });
      await using house = await opened({ house: { url, permission: "always" } });
      const { outcome, content } = await house.call("house_do");
      expect([outcome, ran], body).toEqual(["interrupted", 1]);
      expect(content).toContain(said);
      expect(content).toContain("may have acted");
    }
  }
});

test("runs each of several parallel calls once when the session is lost", async () => {
  let session = 1;
  const ran: unknown[] = [];
  const { url } = await served((message, response, headers) => {
    if (message.method === "initialize") return send(response, resultOf(message), sessionHeaders(session));
    if (message.method !== "tools/call") return send(response, resultOf(message));
    const { bed } = JSON.parse(JSON.stringify(message.params?.arguments)) as { bed: number };
    if (bed !== 0 && headers["mcp-session-id"] === "s1" && session === 2)
      return void response.writeHead(404).end("Session not found");
    ran.push(bed);
    setTimeout(() => send(response, resultOf(message)), bed === 0 ? 300 : 0);
  });
  await using house = await opened({ house: { url, permission: "always" } });
  session = 2;
  await Promise.all([0, 1, 2, 3].map((bed) => house.call("house_do", { bed })));
  expect(ran.filter((bed) => bed === 0)).toEqual([0]);
  expect(new Set(ran).size).toBe(ran.length);
});

const labels = ["application/json", "text/event-stream", "text/plain", "text/html", "application/octet-stream", ""];
const contents: [title: string, write: (message: string) => string][] = [
  ["JSON", (message) => message],
  ["JSON over lines", (message) => JSON.stringify(JSON.parse(message), null, 2)],
  ["JSON behind a byte order mark and space", (message) => `\ufeff\r\n ${message}\0`],
  ["a batch", (message) => `[{"jsonrpc":"2.0","method":"notifications/message","params":{}},${message}]`],
  ["lines of JSON", (message) => `{"jsonrpc":"2.0","method":"notifications/message","params":{}}\n${message}\n`],
  ["events", (message) => `event: message\ndata: ${message}\n\n`],
  ["events behind a byte order mark", (message) => `\ufeffdata: ${message}\n\n`],
  [
    "events without empty lines",
    (message) => `data: {"jsonrpc":"2.0","method":"notifications/message","params":{}}\ndata: ${message}\n`,
  ],
  ["a comment, and unmarked data", (message) => `: ping\n\n${message}\n\n`],
];

describe("an answer over HTTP is read by its content, not its label:", () => {
  test.each(contents)("%s", async (_, write) => {
    for (const label of labels) {
      for (const bytes of isSoak ? [1, 7, 1e6] : [9, 1e6]) {
        // Only a value that ends with the body may have to wait for it.
        const staysOpen = write("{}").endsWith("\n\n") || write("{}") === "{}";
        const { url } = await served((message, response) => {
          response.writeHead(200, label === "" ? {} : { "content-type": label });
          const body = Buffer.from(write(resultOf(message)));
          for (let at = 0; at < body.length; at += bytes) response.write(body.subarray(at, at + bytes));
          if (!staysOpen) response.end();
        });
        await using house = await opened({ house: { url, permission: "always", timeout_seconds: 5 } });
        expect([label, bytes, house.notices(), (await house.call("house_do")).content]).toEqual([
          label,
          bytes,
          [],
          "done",
        ]);
      }
    }
  });

  test.each([
    "{}",
    '{"error":"boom"}',
    "boom",
    "data: boom\n\n",
    "<html>boom",
    '{"jsonrpc":"2.0","id":99,"result":{"boom":1}}',
    '{"boom":',
    ": boom\n\n",
    "",
  ])("quotes an invalid answer (%j) and fails immediately", async (body) => {
    for (const label of labels) {
      for (const method of ["initialize", "tools/list", "tools/call"]) {
        const { url } = await served((message, response) => {
          const isOdd = message.method === method;
          send(response, isOdd ? body : resultOf(message), isOdd && label !== "" ? { "content-type": label } : {});
        });
        const started = performance.now();
        await using house = await opened({ house: { url, permission: "always" } });
        const said = method === "tools/call" ? (await house.call("house_do")).content : house.notices()[0];
        expect(said).toContain(body.includes("boom") ? "boom" : body === "" ? "without an answer" : body);
        expect(performance.now() - started).toBeLessThan(8000);
      }
    }
  });
});

const refusing: [title: string, status: number, headers: Record<string, string>, said: string][] = [
  ["requires a key", 401, { "www-authenticate": "Bearer" }, "api_key_env"],
  ["forbids", 403, {}, "api_key_env"],
  [
    "redirects",
    307,
    { location: "https://example.com/mcp?token=1" },
    "to https://example.com/mcp, which is not followed",
  ],
  ["redirects forever", 301, { location: "/mcp/" }, "which is not followed"],
  ["speaks the older form", 405, {}, "/sse"],
  ["is not at this address", 404, {}, "/mcp"],
];

test.each(refusing)("the notice for a server that %s has advice", async (_, status, headers, said) => {
  const { url, calls } = await served((_message, response) => void response.writeHead(status, headers).end("<html>"));
  await using house = await opened({ house: { url, permission: "always" } });
  expect(house.notices()).toEqual([expect.stringContaining(said)]);
  expect(house.notices()[0]).not.toContain("token");
  expect(calls.length).toBeLessThan(3);
});

test("reports that a call that did not reach its server did not act", async () => {
  const { url } = await served((message, response) => send(response, resultOf(message)));
  await using house = await opened({ house: { url, permission: "always" } });
  expect((await house.call("house_do")).content).toBe("done");
  for (const close of closing.splice(0)) close();
  await new Promise((resolve) => setTimeout(resolve, 50));
  let found = await house.call("house_do");
  // An open connection may have ended during the call. Whether that call ran is unknown.
  if (found.content.includes("It may have acted")) found = await house.call("house_do");
  expect(found.outcome).toBe("failed");
  expect(found.content).not.toContain("It may have acted");
});
