import { cutText, NanoAgentError, type ServeSettings } from "@nanoagent/models";
import { hookRoute } from "../automation/hook-route.js";
import { errorFacts } from "../errors/error-facts.js";
import { healthRoute } from "../health/health-route.js";
import type { HttpRequest, Route, WholeReply } from "../http/exchange.js";
import type { Log } from "../log/log-entry.js";
import { metricsRoute } from "../metrics/metrics-route.js";
import { ollamaError } from "../ollama/ollama-error.js";
import { greetingRoute, ollamaRoutes } from "../ollama/ollama-routes.js";
import { openaiError } from "../openai/openai-error.js";
import { openaiRoutes } from "../openai/openai-routes.js";
import { pageRoutes } from "../page/page-routes.js";
import { permissionRoutes } from "../permissions/permission-routes.js";
import type { Service } from "./service.js";

/** Longest path in a line of the log. */
const MAX_PATH_CHARACTERS = 100;

/** All routes of a service. The page and the metrics can be turned off. */
export function serviceRoutes(service: Service, { page = true, metrics = true }: ServeSettings): Route[] {
  return [
    ...(page ? pageRoutes(service, greetingRoute.handle) : [greetingRoute]),
    ...(metrics ? [metricsRoute(service)] : []),
    healthRoute(() => service.health()),
    ...openaiRoutes(service),
    ...ollamaRoutes(service),
    ...permissionRoutes(service.permissions),
    hookRoute((name) => service.automation.hook(name)),
  ];
}

/** Returns the function that makes the reply for an error, in the form of the API that was asked, and logs it. */
export function errorReplies(log: Log): (error: unknown, request: HttpRequest) => WholeReply {
  return (error, { method, path }) => {
    const { status } = errorFacts(error);
    const code = NanoAgentError.isInstance(error) ? error.code : "unexpected";
    const facts = { status, code, method, path: cutText(path, MAX_PATH_CHARACTERS) };
    const isExpected = status < 500 || code === "service-stopping";
    if (isExpected) log({ level: "info", event: "request-refused", ...facts });
    else log({ level: "error", event: "request-failed", ...facts, error: textOf(error) });
    return path.startsWith("/api/") ? ollamaError(error) : openaiError(error);
  };
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
