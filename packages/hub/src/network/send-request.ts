import http, { type IncomingMessage } from "node:http";
import https from "node:https";
import { ResponseTimeout } from "./connection-errors.js";
import type { Route } from "./proxies.js";
import { ProxyFailure } from "./proxy-failure.js";
import { proxyAddress, proxyAuthorization, type TunnelRequestOptions } from "./tunnel-agent.js";

interface OneRequest {
  url: URL;
  method: string;
  headers: Readonly<Record<string, string>>;
  route: Route;
  signal: AbortSignal | undefined;
  /** Time for the connection and the headers of the response. */
  timeoutMilliseconds: number;
}

/**
 * Sends one request, without redirects and new tries. Resolves with the response as soon as its headers are there.
 * The signal ends the body too.
 */
export function sendRequest(request: OneRequest): Promise<IncomingMessage> {
  const { url, route, signal, timeoutMilliseconds } = request;
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const sent = startRequest(request);
    const timer = setTimeout(() => {
      const timeout = new ResponseTimeout(`No answer from ${url.host} within ${timeoutMilliseconds} ms.`);
      // Without a socket, the proxy has not opened the tunnel yet.
      sent.destroy(route.isTunnel && sent.socket === null ? new ProxyFailure(timeout) : timeout);
    }, timeoutMilliseconds);
    const abort = () => sent.destroy(signal?.reason instanceof Error ? signal.reason : new Error("Aborted."));
    signal?.addEventListener("abort", abort, { once: true });
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
    };
    sent.once("response", (response) => {
      clearTimeout(timer);
      response.once("close", end);
      resolve(response);
    });
    // Also after the response: an error without a listener ends the process.
    sent.on("error", (cause) => {
      end();
      reject(signal?.aborted ? signal.reason : cause);
    });
    sent.end();
  });
}

function startRequest({ url, method, headers, route, signal }: OneRequest): http.ClientRequest {
  const proxy = route.forwardProxy;
  if (proxy === null) {
    const options: TunnelRequestOptions = { method, headers, agent: route.agent, tunnelSignal: signal };
    return (url.protocol === "https:" ? https : http).request(url, options);
  }
  const target = new URL(url);
  target.hash = "";
  return (proxy.protocol === "https:" ? https : http).request({
    ...proxyAddress(proxy),
    method,
    path: target.href,
    headers: { host: url.host, ...headers, ...proxyAuthorization(proxy) },
    // Agents are made for the protocol of the target.
    ...(proxy.protocol === "https:" ? {} : { agent: route.agent }),
  });
}

/** Drops the body of a response. A short one is read, so that the connection can be used again. */
export function dropBody(response: IncomingMessage): void {
  response.on("error", () => {});
  const length = Number(response.headers["content-length"] ?? Number.NaN);
  if (!(length <= 16 * 1024)) {
    response.destroy();
    return;
  }
  const timer = setTimeout(() => response.destroy(), 1000);
  response.once("close", () => clearTimeout(timer));
  response.resume();
}
