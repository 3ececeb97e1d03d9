import type { Route } from "../http/exchange.js";
import type { Health } from "./health.js";

/** `GET /health`, which needs no key: 200 while messages are answered, otherwise 503. */
export function healthRoute(readHealth: () => Health | Promise<Health>): Route {
  return {
    method: "GET",
    path: "/health",
    isOpen: true,
    async handle() {
      const health = await readHealth();
      return {
        status: health.ready ? 200 : 503,
        headers: { "content-type": "application/json", "cache-control": "no-store" },
        body: JSON.stringify(health),
      };
    },
  };
}
