import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { onTestFinished } from "vitest";

export interface SlowServer {
  url: string;
  /** Messages that it was asked, newest last. */
  asked: string[];
  /** Lets the reply that waits go on by one word, or by all. */
  next(): void;
  finish(): void;
  /** Stops listening. */
  close(): void;
}

/** Starts a model server that writes each reply word by word, when the test says so. */
export async function startSlowServer(reply: string): Promise<SlowServer> {
  const asked: string[] = [];
  let allowed = 0;
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const piece of request) body += piece;
    if (request.url === "/v1/models") return response.end('{"data": [{"id": "slow-model"}]}');
    if (request.url !== "/v1/chat/completions") return response.writeHead(404).end();
    asked.push(JSON.parse(body).messages.at(-1).content);
    response.writeHead(200, { "content-type": "text/event-stream" });
    const send = (data: object) => response.write(`data: ${JSON.stringify(data)}\n\n`);
    response.write(": here\n\n");
    for (const word of reply.split(/(?<= )/)) {
      while (allowed === 0 && !response.destroyed) await wait(10);
      if (response.destroyed) return undefined;
      if (Number.isFinite(allowed)) allowed -= 1;
      send({ choices: [{ index: 0, delta: { content: word } }] });
    }
    send({
      choices: [{ index: 0, delta: {}, finish_reason: "stop" }],
      usage: { prompt_tokens: 30, completion_tokens: 20 },
      timings: { prompt_ms: 500, predicted_ms: 2000 },
    });
    return response.end("data: [DONE]\n\n");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  onTestFinished(close);
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    asked,
    close,
    next: () => {
      allowed += 1;
    },
    finish: () => {
      allowed = Number.POSITIVE_INFINITY;
    },
  };
}
