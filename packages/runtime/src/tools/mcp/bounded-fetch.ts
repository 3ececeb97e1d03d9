import type { IncomingMessage } from "node:http";
import { loopbackOnly } from "../../engines/openai-compatible/http/loopback-lookup.js";
import type { ServerAddress } from "../../engines/openai-compatible/http/server-address.js";
import { onAbort } from "../../on-abort.js";
import { restoreNumbers } from "./exact-arguments.js";
import { HttpRefusal } from "./http-refusal.js";
import { MAX_MESSAGE_BYTES } from "./message-limits.js";
import { askedBy, readRefusal, tolerantResponse } from "./tolerant-response.js";

const MAX_HEADER_BYTES = 16 * 1024;
const IDLE_SOCKET_MILLISECONDS = 4000;

export interface BoundedFetch {
  fetch(url: string | URL, init?: RequestInit): Promise<Response>;
  /** Closes every connection. */
  close(): void;
}

/**
 * Creates a `fetch` for one server. It follows no redirects, uses no proxy, connects only to this machine unless the
 * network is allowed, and limits the size and duration of each exchange. It does not open a stream for unrequested
 * messages: a GET is answered with 405 locally.
 */
export async function boundedFetch(
  address: ServerAddress,
  { allowNetwork, milliseconds }: { allowNetwork: boolean; milliseconds: number },
): Promise<BoundedFetch> {
  const { Agent, request } = await (address.isEncrypted ? import("node:https") : import("node:http"));
  const agent = new Agent({
    keepAlive: true,
    maxFreeSockets: 1,
    timeout: IDLE_SOCKET_MILLISECONDS,
    ...(allowNetwork ? {} : { lookup: loopbackOnly() }),
  });
  const send = (url: URL, init: RequestInit) =>
    new Promise<Response>((resolve, reject) => {
      const { hostname, port } = address;
      const headers = { ...Object.fromEntries(new Headers(init.headers)), "accept-encoding": "identity" };
      const { method = "GET", signal } = init;
      const outgoing = request({
        agent,
        hostname,
        port,
        method,
        path: url.pathname,
        headers,
        maxHeaderSize: MAX_HEADER_BYTES,
      });
      const timer = setTimeout(() => outgoing.destroy(new Error("it did not answer in time")), milliseconds);
      timer.unref();
      const stopListening = onAbort(signal ?? undefined, () =>
        outgoing.destroy(signal?.reason instanceof Error ? signal.reason : new Error("aborted")),
      );
      outgoing.once("close", () => {
        clearTimeout(timer);
        stopListening();
      });
      outgoing.once("error", reject);
      outgoing.once("response", (response) => resolve(responseOf(response)));
      if (signal?.aborted) return;
      outgoing.end(typeof init.body === "string" ? restoreNumbers(init.body) : undefined);
    });
  return {
    async fetch(target, init = {}) {
      const url = new URL(target);
      const isHere = url.hostname.replace(/^\[|\]$/g, "") === address.hostname;
      if (!isHere) throw new Error("it refers to another server than the one in the config");
      if ((init.method ?? "GET") === "GET") return new Response(null, { status: 405 });
      const response = await send(url, init);
      // It does not matter whether the session still existed.
      if (init.method === "DELETE") return response;
      const asked = askedBy(init.body);
      if (response.ok) return asked.size === 0 ? response : tolerantResponse(response, asked);
      // An answer with the id of the request counts, whatever the HTTP status.
      const { answer, said } = await readRefusal(response, asked);
      if (answer !== null) return answer;
      const isGreeting = [...asked.values()].some(({ method }) => method === "initialize");
      throw HttpRefusal.of(response, { said, sent: new Headers(init.headers), isGreeting });
    },
    close: () => agent.destroy(),
  };
}

function responseOf(incoming: IncomingMessage): Response {
  const headers = new Headers();
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(", ") : value);
  }
  const status = incoming.statusCode ?? 0;
  if (status < 200 || status > 599 || [204, 205, 304].includes(status)) {
    incoming.resume();
    return new Response(null, { status: status === 204 || status === 205 ? status : 502, headers });
  }
  return new Response(boundedBody(incoming), { status, headers });
}

function boundedBody(incoming: IncomingMessage): ReadableStream<Uint8Array> {
  let length = 0;
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        let isOver = false;
        const fail = (error: Error) => {
          if (!isOver) controller.error(error);
          isOver = true;
        };
        incoming.on("data", (bytes: Buffer) => {
          length += bytes.length;
          if (length > MAX_MESSAGE_BYTES) {
            fail(new Error(`its answer has more than ${MAX_MESSAGE_BYTES / 2 ** 20} MB`));
            incoming.destroy();
          } else if (!isOver) {
            controller.enqueue(new Uint8Array(bytes));
            if ((controller.desiredSize ?? 0) <= 0) incoming.pause();
          }
        });
        incoming.once("end", () => {
          if (!isOver) controller.close();
          isOver = true;
        });
        incoming.once("error", fail);
        incoming.once("close", () => fail(new Error("it ended in the middle of its answer")));
      },
      pull: () => void incoming.resume(),
      cancel: () => void incoming.destroy(),
    },
    new ByteLengthQueuingStrategy({ highWaterMark: 64 * 1024 }),
  );
}
