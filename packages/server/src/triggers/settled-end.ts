import { describeUnknown, doubtfulActs } from "./acts/unknown-acts.js";
import type { OpenEvent } from "./events/open-event.js";
import type { EventOutcome } from "./trigger-event.js";

/** Returns the end of an event. No other outcome hides an act whose result is not known. */
export function settledEnd(
  event: OpenEvent,
  outcome: EventOutcome,
  result: string,
): { readonly outcome: EventOutcome; readonly result: string } {
  const [act] = doubtfulActs(event);
  // A later run may replace a tool that may act twice.
  if (act === undefined || outcome === "unknown" || outcome === "replaced") return { outcome, result };
  return { outcome: "unknown", result: `${describeUnknown(act)} ${result}` };
}
