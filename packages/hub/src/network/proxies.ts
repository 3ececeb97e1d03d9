import http from "node:http";
import https from "node:https";
// @ts-expect-error The package has no types.
import { getProxyForUrl } from "proxy-from-env";
import type { HubEnvironment } from "../environment/hub-environment.js";
import { HubError } from "../hub-error.js";
import { TunnelAgent } from "./tunnel-agent.js";

/** The way to a host: directly, or through a proxy. */
export interface Route {
  agent: http.Agent;
  /** Proxy that takes the whole address in the request line, as proxies do for http; otherwise null. */
  forwardProxy: URL | null;
  /** Whether the proxy opens a tunnel to the host. */
  isTunnel: boolean;
  /** Host of the proxy, for messages; null without one. */
  proxyHost: string | null;
}

/** Finds routes by HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY, and keeps their connections open. */
export class Routes {
  readonly #variables: HubEnvironment["variables"];
  readonly #timeout: number;
  readonly #agents = new Map<string, http.Agent>();

  constructor(variables: HubEnvironment["variables"], timeoutMilliseconds: number) {
    this.#variables = variables;
    this.#timeout = timeoutMilliseconds;
  }

  find(url: URL): Route {
    const proxy = readProxy(url, this.#variables);
    const kind = url.protocol === "https:" ? https : http;
    const options = { keepAlive: true, maxFreeSockets: 2, timeout: this.#timeout };
    if (proxy === null || url.protocol === "http:") {
      const agent = this.#agent(url.protocol, () => new kind.Agent(options));
      return { agent, forwardProxy: proxy, isTunnel: false, proxyHost: proxy?.host ?? null };
    }
    const agent = this.#agent(proxy.href, () => new TunnelAgent(proxy, options));
    return { agent, forwardProxy: null, isTunnel: true, proxyHost: proxy.host };
  }

  #agent(key: string, create: () => http.Agent): http.Agent {
    const agent = this.#agents.get(key) ?? create();
    this.#agents.set(key, agent);
    return agent;
  }
}

function readProxy(url: URL, variables: HubEnvironment["variables"]): URL | null {
  const address = withVariables<string>(withSchemes(variables), () => getProxyForUrl(url.href));
  if (address === "") return null;
  const proxy = URL.canParse(address) ? new URL(address) : null;
  if (proxy?.protocol === "http:" || proxy?.protocol === "https:") return proxy;
  throw new HubError({
    code: "hub-unreachable",
    message: `Cannot use the proxy for ${url.host}.`,
    reason: "The address in HTTP_PROXY, HTTPS_PROXY or ALL_PROXY does not begin with http:// or https://.",
    hint: "Set HTTPS_PROXY to an HTTP proxy, for example: export HTTPS_PROXY=http://proxy.example:3128",
  });
}

/** Adds http:// to addresses of proxies without a scheme, whatever the scheme of the target is. */
function withSchemes(variables: HubEnvironment["variables"]): HubEnvironment["variables"] {
  const proxies = Object.entries(variables).filter(([name]) => /^(?:https?|all)_proxy$/i.test(name));
  const addresses = proxies.map(([name, value = ""]) => {
    const address = value.trim();
    return [name, address === "" || address.includes("://") ? address : `http://${address}`];
  });
  return { ...variables, ...Object.fromEntries(addresses) };
}

/** Runs a function that reads `process.env` with other variables. */
function withVariables<Value>(variables: HubEnvironment["variables"], read: () => Value): Value {
  const { env } = process;
  process.env = { ...variables };
  try {
    return read();
  } finally {
    process.env = env;
  }
}
