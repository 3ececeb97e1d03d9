import { BodySpace } from "./body-space.js";
import type { HttpReply, HttpRequest, StreamedReply } from "./exchange.js";
import { FetchRequest } from "./fetch-request.js";
import { defaultLimits, type HttpLimits } from "./http-limits.js";
import { parseTarget } from "./request-target.js";
import { shortReply } from "./short-reply.js";
import { WebWriter } from "./web-writer.js";

/**
 * Returns a handler in the form of the platform's `fetch`, for apps that have their own server: Hono, Next, Bun, Deno, and
 * Express or Fastify with an adapter. Bodies have the limits of `listenOn`; the time for headers and the number of
 * connections are up to the app's server.
 */
export function fetchHandler(
  handle: (request: HttpRequest) => Promise<HttpReply>,
  givenLimits: Partial<HttpLimits> = {},
): (request: Request) => Promise<Response> {
  const limits = { ...defaultLimits, ...givenLimits };
  const space = new BodySpace(limits.allBodiesBytes);
  return async (request) => {
    const url = new URL(request.url);
    const target = parseTarget(url.pathname + url.search);
    if (target === null) return toResponse(shortReply(400, "The request target is not a valid path."), null, limits);
    const share = space.open();
    const own = new FetchRequest({ request, target, limits, share });
    try {
      const reply = await handle(own);
      const isStreamed = "stream" in reply && own.method !== "HEAD";
      if (!isStreamed) share.release();
      return toResponse(reply, own, limits, () => share.release());
    } catch {
      share.release();
      // Handlers convert errors to replies. An error that gets here is a fault of theirs.
      return toResponse(shortReply(500, "The service failed."), own, limits);
    }
  };
}

/** Statuses whose replies have no body. */
const WITHOUT_BODY: readonly number[] = [204, 304];

function toResponse(
  reply: HttpReply,
  request: FetchRequest | null,
  limits: HttpLimits,
  onStreamed: () => void = () => {},
): Response {
  const { status, headers = {} } = reply;
  const isHead = request?.method === "HEAD";
  if ("stream" in reply) {
    if (isHead) return new Response(null, { status, headers });
    return new Response(toStream(reply, request, limits.unreadMilliseconds, onStreamed), { status, headers });
  }
  if (isHead || WITHOUT_BODY.includes(status)) return new Response(null, { status, headers });
  return new Response((reply.body ?? "") as string | Uint8Array<ArrayBuffer>, { status, headers });
}

/** Bytes that wait for a slow reader. */
const BUFFER_BYTES = 16_384;

function toStream(
  reply: StreamedReply,
  request: FetchRequest | null,
  unreadMilliseconds: number,
  onStreamed: () => void,
): ReadableStream<Uint8Array> {
  let writer: WebWriter | null = null;
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        const out = new WebWriter(controller, unreadMilliseconds, () => request?.leave());
        writer = out;
        request?.signal.addEventListener("abort", () => out.leave(), { once: true });
        reply
          .stream(out)
          .finally(onStreamed)
          .then(
            () => out.close(),
            (error: unknown) => out.fail(error),
          );
      },
      pull() {
        writer?.makeRoom();
      },
      cancel() {
        writer?.leave();
        request?.leave();
      },
    },
    { highWaterMark: BUFFER_BYTES, size: (piece) => piece?.byteLength ?? 0 },
  );
}
