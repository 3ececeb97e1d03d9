import type { Route } from "../http/exchange.js";
import type { OperatedAgent } from "../service/served-agent.js";

/** Returns the routes of the page for people. Its parts are loaded when it is first opened. */
export function pageRoutes(_operated: OperatedAgent): Route[] {
  return [];
}
