import http from "node:http";
import https from "node:https";
import type { Duplex } from "node:stream";
import { type ConnectionOptions, connect } from "node:tls";

/** Connections to https servers through a proxy, which is asked for a tunnel to each. */
export class TunnelAgent extends https.Agent {
  readonly #proxy: URL;

  constructor(proxy: URL, options: https.AgentOptions) {
    super(options);
    this.#proxy = proxy;
  }

  createConnection(
    options: http.ClientRequestArgs,
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
      timeout: this.options.timeout,
    });
    const fail = (error: Error) => callback?.(error, undefined as never);
    request.once("connect", (response, socket) => {
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
    request.once("timeout", () => request.destroy(Object.assign(new Error("Timeout."), { code: "ETIMEDOUT" })));
    request.on("error", fail);
    request.end();
    return undefined;
  }
}

/** Answer of a proxy that opens no tunnel. */
export class ProxyRefusal extends Error {
  override name = "ProxyRefusal";
  readonly status: number;
  constructor(status: number) {
    super(`The proxy answers with status ${status}.`);
    this.status = status;
  }
}

export function proxyAddress(proxy: URL): { host: string; port: string | number } {
  const usualPort = proxy.protocol === "https:" ? 443 : 80;
  return { host: proxy.hostname.replace(/^\[|\]$/g, ""), port: proxy.port || usualPort };
}

export function proxyAuthorization({ username, password }: URL): Record<string, string> {
  if (username === "" && password === "") return {};
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { "proxy-authorization": `Basic ${Buffer.from(credentials).toString("base64")}` };
}
