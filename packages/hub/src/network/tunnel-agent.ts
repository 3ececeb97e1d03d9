import http from "node:http";
import https from "node:https";
import type { Duplex } from "node:stream";
import { type ConnectionOptions, connect } from "node:tls";
import { basicAuthorization } from "../environment/basic-authorization.js";
import { ResponseTimeout } from "./connection-errors.js";
import { ProxyFailure, ProxyRefusal } from "./proxy-failure.js";

/** Options of a request through a tunnel. */
export interface TunnelRequestOptions extends https.RequestOptions {
  /** Ends the request for the tunnel, which the request itself cannot reach. */
  tunnelSignal?: AbortSignal | undefined;
}

/** Connections to https servers through a proxy, which is asked for a tunnel to each. */
export class TunnelAgent extends https.Agent {
  readonly #proxy: URL;

  constructor(proxy: URL, options: https.AgentOptions) {
    super(options);
    this.#proxy = proxy;
  }

  createConnection(
    options: http.ClientRequestArgs & TunnelRequestOptions,
    callback?: (error: Error | null, stream: Duplex) => void,
  ): undefined {
    const host = options.host?.includes(":") ? `[${options.host}]` : options.host;
    const target = `${host}:${options.port}`;
    const request = (this.#proxy.protocol === "https:" ? https : http).request({
      ...proxyAddress(this.#proxy),
      method: "CONNECT",
      path: target,
      headers: { host: target, ...proxyAuthorization(this.#proxy) },
      agent: false,
    });
    const { timeout } = this.options;
    const stop = () => request.destroy(new ResponseTimeout(`No answer from the proxy within ${timeout} ms.`));
    const timer = setTimeout(stop, timeout);
    const { tunnelSignal } = options;
    const abort = () => request.destroy();
    tunnelSignal?.addEventListener("abort", abort, { once: true });
    const end = () => {
      clearTimeout(timer);
      tunnelSignal?.removeEventListener("abort", abort);
    };
    const fail = (error: Error) => {
      end();
      callback?.(error, undefined as never);
    };
    request.once("connect", (response, socket) => {
      end();
      socket.removeAllListeners();
      if (response.statusCode === 200) {
        callback?.(null, connect({ ...(options as ConnectionOptions), socket }));
        return;
      }
      socket.destroy();
      fail(new ProxyRefusal(response.statusCode ?? 0));
    });
    // A proxy may refuse with an ordinary response.
    request.once("response", (response) => {
      response.destroy();
      fail(new ProxyRefusal(response.statusCode ?? 0));
    });
    request.on("error", (cause) => fail(new ProxyFailure(cause)));
    request.end();
    return undefined;
  }
}

export function proxyAddress(proxy: URL): { host: string; port: string | number } {
  const usualPort = proxy.protocol === "https:" ? 443 : 80;
  return { host: proxy.hostname.replace(/^\[|\]$/g, ""), port: proxy.port || usualPort };
}

export function proxyAuthorization(proxy: URL): Record<string, string> {
  const authorization = basicAuthorization(proxy);
  return authorization === null ? {} : { "proxy-authorization": authorization };
}
