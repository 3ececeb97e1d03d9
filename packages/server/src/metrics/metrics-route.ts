import type { Route } from "../http/exchange.js";
import type { OperatedAgent } from "../service/served-agent.js";

/** `GET /metrics`: figures of the service in Prometheus's text format. */
export function metricsRoute(operated: OperatedAgent): Route {
  return {
    method: "GET",
    path: "/metrics",
    async handle() {
      const { url } = await operated.status();
      return { status: 200, headers: { "content-type": "text/plain; version=0.0.4; charset=utf-8" }, body: url ?? "" };
    },
  };
}
