import type { Route } from "../http/exchange.js";
import type { ServiceFigures } from "../service/service-figures.js";
import type { ServiceStatus } from "../status/service-status.js";

/** The part of a service that its metrics read. */
export interface MeasuredService {
  readonly figures: ServiceFigures;
  status(): Promise<ServiceStatus>;
}

/** `GET /metrics`: figures of the service in Prometheus's text format. They are loaded with the first request. */
export function metricsRoute(service: MeasuredService): Route {
  return {
    method: "GET",
    path: "/metrics",
    async handle() {
      const [{ writeMetrics, PROMETHEUS_TEXT_TYPE }, status] = await Promise.all([
        import("./write-metrics.js"),
        service.status(),
      ]);
      return {
        status: 200,
        headers: { "content-type": PROMETHEUS_TEXT_TYPE, "cache-control": "no-store" },
        body: await writeMetrics({ status, figures: service.figures }),
      };
    },
  };
}
