import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

export interface SeenRequest {
  method: string;
  url: string;
  headers: IncomingMessage["headers"];
  body: Record<string, unknown>;
}

export interface FakeServer {
  url: string;
  label: string;
  /** Requests, oldest first. */
  requests: SeenRequest[];
  /** Number of connections made and still open. */
  connections: { made: number; open: number };
  /** Requests that the client abandoned. */
  abandoned: SeenRequest[];
  close(): Promise<void>;
}

export type Answer = (request: SeenRequest, response: ServerResponse) => unknown;

/** Starts a loopback server that responds with `answer`. It closes when the test ends. */
export async function startServer(
  answer: Answer,
  { create = createServer, port = 0 }: { create?: (listener: RequestListener) => Server; port?: number } = {},
): Promise<FakeServer> {
  const requests: SeenRequest[] = [];
  const abandoned: SeenRequest[] = [];
  const connections = { made: 0, open: 0 };
  const server = create(async (request, response) => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece);
    const text = Buffer.concat(pieces).toString("utf8");
    const seen: SeenRequest = {
      method: request.method ?? "",
      url: request.url ?? "",
      headers: request.headers,
      body: text === "" ? {} : JSON.parse(text),
    };
    requests.push(seen);
    response.on("close", () => {
      if (!response.writableFinished) abandoned.push(seen);
    });
    await answer(seen, response);
  });
  server.keepAliveTimeout = 30_000;
  server.on("connection", (socket) => {
    connections.made++;
    connections.open++;
    socket.on("close", () => connections.open--);
    socket.on("error", () => {});
  });
  await new Promise<void>((resolve) => {
    server.listen(port, "127.0.0.1", resolve);
  });
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  onTestFinished(close);
  const label = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url: `http://${label}`, label, requests, connections, abandoned, close };
}

export function sendJson(response: ServerResponse, value: unknown, status = 200): void {
  response.writeHead(status, { "content-type": "application/json; charset=utf-8" });
  response.end(JSON.stringify(value));
}

export const sleep = (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds));

/** Writes pieces one at a time while the client reads. */
export async function writePieces(
  response: ServerResponse,
  pieces: Iterable<string | Buffer>,
  delayMilliseconds = 0,
): Promise<void> {
  for (const piece of pieces) {
    if (response.destroyed) return;
    response.write(piece);
    if (delayMilliseconds > 0) await sleep(delayMilliseconds);
  }
}
