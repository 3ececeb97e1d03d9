import { readProcess } from "./process-figures.js";
import { type Family, prometheusText } from "./prometheus-text.js";
import { type MetricFacts, type Series, series } from "./series.js";

export { PROMETHEUS_TEXT_TYPE } from "./prometheus-text.js";

/** Returns all series of a service in Prometheus's text format. */
export async function writeMetrics({ status, figures }: Omit<MetricFacts, "process">): Promise<string> {
  const facts = { status, figures, process: await readProcess() };
  return prometheusText(series.map((one) => familyOf(one, facts)));
}

function familyOf(one: Series, facts: MetricFacts): Family {
  const { name, help } = one;
  return one.type === "histogram"
    ? { name, help, type: one.type, reading: one.read(facts) }
    : { name, help, type: one.type, samples: one.read(facts) };
}
