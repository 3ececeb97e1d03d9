import { reportToJson } from "../../check/format-report.js";
import { hasDefaultConfig } from "../../config/default-config-file.js";
import type { ExaminedConfig } from "../examined-config.js";
import type { PartFacts } from "../report-section.js";

/** Gathers the findings of `nanoagent check`. */
export async function gatherFindings(examined: ExaminedConfig, signal: AbortSignal): Promise<PartFacts> {
  if (!examined.isNamed && !(await hasDefaultConfig())) {
    return { summary: "nothing to check without a config", data: null };
  }
  const { report, config } = await examined.check(signal);
  const { exit_code, parts, capabilities, problems } = reportToJson(report, config);
  const count = (severity: string) => problems.filter((problem) => problem.severity === severity).length;
  const [errors, warnings] = [count("error"), count("warning")];
  // A field named "key" would be taken for a secret.
  const findings = problems.map(({ key: place, ...problem }) => ({ place, ...problem }));
  const summary = `${errors} ${errors === 1 ? "error" : "errors"}, ${warnings} ${warnings === 1 ? "warning" : "warnings"}`;
  return { summary, data: { exit_code, parts, capabilities, findings } };
}
