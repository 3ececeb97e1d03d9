import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { opened } from "./open-servers.js";

type Answer = (message: { id: number; method: string; params?: object }, response: ServerResponse) => void;

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

const json = (response: ServerResponse, message: object) => {
  response.writeHead(200, { "content-type": "application/json" });
  response.end(JSON.stringify({ jsonrpc: "2.0", ...message }));
};

/** A server that works correctly except for `answers`, by method. */
async function served(answers: Record<string, Answer>) {
  const asked: string[] = [];
  const usual: Record<string, Answer> = {
    initialize: ({ id }, response) => {
      const serverInfo = { name: "hostile", version: "1" };
      json(response, { id, result: { protocolVersion: "2025-06-18", capabilities: { tools: {} }, serverInfo } });
    },
    "tools/list": ({ id }, response) => json(response, { id, result: { tools: [{ name: "do", inputSchema: {} }] } }),
    "tools/call": ({ id }, response) => json(response, { id, result: { content: [{ type: "text", text: "done" }] } }),
  };
  const server = createServer(async (request: IncomingMessage, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    asked.push(String(request.method));
    const message = request.method === "POST" ? JSON.parse(Buffer.concat(chunks).toString()) : {};
    const answer = answers[message.method] ?? usual[message.method];
    if (answer === undefined) response.writeHead(202).end();
    else answer(message, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(() => {
    server.close();
    server.closeAllConnections();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`, asked };
}

const events = (response: ServerResponse) => response.writeHead(200, { "content-type": "text/event-stream" });

const answers: [string, Answer, string][] = [
  ["never", () => {}, "it did not answer within 1 s"],
  ["by an end in the middle", (_, response) => void response.write("{", () => response.destroy()), "failed"],
  [
    "by an HTML page",
    (_, response) => void response.writeHead(200, { "content-type": "text/html" }).end("<p>"),
    "content type",
  ],
  [
    "by nonsense",
    (_, response) => void response.writeHead(200, { "content-type": "application/json" }).end("}"),
    "failed",
  ],
  ["by 500", (_, response) => void response.writeHead(500).end("x".repeat(10 ** 6)), "failed"],
  [
    "by 10 MB",
    ({ id }, response) => json(response, { id, result: { content: [{ type: "text", text: "x".repeat(10 ** 7) }] } }),
    "failed",
  ],
  ["by a redirect", (_, response) => void response.writeHead(307, { location: "http://192.0.2.1/" }).end(), "failed"],
  [
    "by events without end",
    (_, response) => {
      events(response);
      const event = `data: {"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":""}}\n\n`;
      const timer = setInterval(() => response.write(event.repeat(1000)), 1);
      response.on("close", () => clearInterval(timer));
    },
    "failed",
  ],
  [
    "by one event without end",
    (_, response) => {
      events(response).write("data: ");
      const timer = setInterval(() => response.write("x".repeat(2 ** 20)), 1);
      response.on("close", () => clearInterval(timer));
    },
    "failed",
  ],
  [
    "by promises of more without a pause",
    (_, response) => void events(response).end(`retry: 0\nid: 1\ndata: {"jsonrpc":"2.0","method":"a"}\n\n`),
    "failed",
  ],
];

test("fails a call with an invalid answer in time, and the next one works", async () => {
  // These cases mostly wait, so they run in parallel.
  await Promise.all(
    answers.map(async ([name, answer, reason]) => {
      let isFirst = true;
      const { url, asked } = await served({
        "tools/call": (message, response) => {
          if (!isFirst)
            return json(response, { id: message.id, result: { content: [{ type: "text", text: "done" }] } });
          isFirst = false;
          answer(message, response);
        },
      });
      await using house = await opened({
        house: { url, timeout_seconds: reason.includes("within 1 s") ? 1 : 60, start_timeout_seconds: 60 },
      });
      expect(house.names()).toEqual(["house_do"]);
      const { outcome, content } = await house.call("house_do");
      // A redirect is not followed, so the call did not run.
      const expected = name === "by a redirect" ? "failed" : "interrupted";
      expect([name, outcome, content]).toEqual([name, expected, expect.stringContaining(reason)]);
      expect(content.length).toBeLessThan(1000);
      // The client does not open a stream for unrequested messages, and does not repeat requests.
      expect(asked.filter((method) => method === "GET")).toEqual([]);
      expect(asked.length).toBeLessThan(10);
      while ((await house.call("house_do")).content !== "done");
    }),
  );
});

const greetings: [string, Answer][] = [
  ["never", () => {}],
  ["by 404", (_, response) => void response.writeHead(404).end()],
  ["by events without end", (_, response) => void events(response).write("data: ")],
];

test("reports an invalid answer to the handshake as a notice", async () => {
  await Promise.all(
    greetings.map(async ([name, answer]) => {
      const { url } = await served({ initialize: answer });
      await using house = await opened({ house: { url, start_timeout_seconds: 1 } });
      expect(house.names(), name).toEqual([]);
      expect(house.notices(), name).toEqual([expect.stringContaining('The MCP server "house" failed')]);
    }),
  );
});

test("sends the idempotency key with a call", async () => {
  const said: unknown[] = [];
  const { url } = await served({
    "tools/call": ({ id, params }, response) => {
      said.push(params);
      json(response, { id, result: { content: [] } });
    },
  });
  await using house = await opened({ house: { url } });
  expect((await house.call("house_do", { bed: 1 })).content).toBe("Done.");
  expect(said).toEqual([{ name: "do", arguments: { bed: 1 }, _meta: { "nanoagent/idempotency-key": "key-1" } }]);
});
