import { describeTrust } from "../eval/describe-trust.js";
import type { CheckReport } from "./check-report.js";

/** Says what a local model of this size can be trusted with. */
export function checkActs(report: CheckReport): void {
  const trust = report.model === null ? null : describeTrust(report.model.plan.model);
  if (trust !== null) report.part("Acts").summary = trust;
}
