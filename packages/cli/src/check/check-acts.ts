import { describeTrust } from "../eval/describe-trust.js";
import type { CheckReport } from "./check-report.js";

/** Reports how reliable local models of this size are. */
export function checkActs(report: CheckReport): void {
  const trust = report.model === null ? null : describeTrust(report.model.plan.model);
  if (trust !== null) report.part("Acts").summary = trust;
}
