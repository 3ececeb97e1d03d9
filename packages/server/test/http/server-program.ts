// A service of its own process, so that its memory and its processor time can be measured. With the argument `bare`, the
// same replies by `node:http` alone.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { EventStream, eventStreamHeaders } from "../../src/http/event-stream.js";
import type { HttpReply, WholeReply } from "../../src/http/exchange.js";
import { listenOn } from "../../src/http/node-listener.js";
import { openRouter } from "../../src/http/router.js";

const CHUNKS = 1000;
const chunk = {
  id: "chatcmpl-1",
  object: "chat.completion.chunk",
  choices: [{ index: 0, delta: { content: "word " } }],
};
const json = { "content-type": "application/json" };

const figures = () => {
  globalThis.gc?.();
  const { rss, heapUsed } = process.memoryUsage();
  return JSON.stringify({ rss, heapUsed, cpu: process.cpuUsage() });
};

const jsonReply = (body: string): WholeReply => ({ status: 200, headers: json, body });
const streamReply = (piece: string, bytes: number): HttpReply => ({
  status: 200,
  stream: async (out) => {
    for (let sent = 0; sent < bytes; sent += piece.length) await out.write(piece);
  },
});

async function listen(): Promise<number> {
  const toErrorReply = (error: unknown) => ({
    status: (error as { status?: number }).status ?? 500,
    body: String(error),
  });
  const router = openRouter(
    [
      { method: "GET", path: "/", handle: () => jsonReply('{"status":"ok"}') },
      { method: "GET", path: "/figures", handle: () => jsonReply(figures()) },
      { method: "GET", path: "/big", handle: () => streamReply("x".repeat(16_384), 50_000_000) },
      { method: "POST", path: "/", handle: async (request) => jsonReply(JSON.stringify(await request.json())) },
      {
        method: "GET",
        path: "/events",
        handle: () => ({
          status: 200,
          headers: eventStreamHeaders,
          stream: async (out) => {
            const events = new EventStream(out);
            events.keepAlive(15_000);
            for (let count = 0; count < CHUNKS; count += 1) {
              const room = events.data(chunk);
              if (room !== undefined) await room;
              // Words of a model come one by one.
              if (count % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
            }
            await events.done();
          },
        }),
      },
    ],
    toErrorReply,
  );
  const milliseconds = Number(process.argv[3]);
  const limits = milliseconds > 0 ? { headerMilliseconds: milliseconds, bodyMilliseconds: milliseconds } : {};
  return (await listenOn(router, { host: "127.0.0.1", port: 0, limits })).port;
}

async function listenBare(): Promise<number> {
  const server = createServer(async (incoming, response) => {
    if (incoming.url === "/events") {
      response.writeHead(200, eventStreamHeaders);
      response.flushHeaders();
      for (let count = 0; count < CHUNKS; count += 1) {
        if (!response.write(`data: ${JSON.stringify(chunk)}\n\n`)) {
          await new Promise((resolve) => response.once("drain", resolve));
        }
        if (count % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      response.end("data: [DONE]\n\n");
      return;
    }
    let body = incoming.url === "/figures" ? figures() : '{"status":"ok"}';
    if (incoming.method === "POST") {
      const pieces: Buffer[] = [];
      incoming.on("data", (piece: Buffer) => pieces.push(piece));
      await new Promise((resolve) => incoming.on("end", resolve));
      body = JSON.stringify(JSON.parse(Buffer.concat(pieces).toString()));
    }
    response.writeHead(200, { ...json, "content-length": Buffer.byteLength(body) });
    response.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

process.send?.(await (process.argv[2] === "bare" ? listenBare() : listen()));
process.on("disconnect", () => process.exit(0));
