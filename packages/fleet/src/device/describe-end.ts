import { FleetError } from "../fleet-error.js";
import type { ApplyResult } from "../releases/release-host.js";
import { failedBeforeText } from "../releases/releases-errors.js";
import type { EarlyAnswer } from "./answer-early.js";

/** Reason for which a service abandons its work. */
export const serviceEnds = new FleetError({ code: "update-undecided", message: "The service ends." });

const outcomes = {
  applied: "applied",
  current: "in use already",
  refused: "refused",
  "rolled-back": "rolled back",
} as const;

/** Returns the sentence of a roll-back by hand: the bundle of the result is in use again. Null if nothing has changed. */
export function wentBack({ state, name, version, sequence }: ApplyResult): string | null {
  return state === "applied" ? `${WENT_BACK} ${name} ${version}, sequence ${sequence}.` : null;
}

const WENT_BACK = "This device went back to";

/** Returns the notice about the end of an update, for the log. */
export function noticeOf(
  sequence: number,
  { state, reason }: EarlyAnswer,
): [level: "info" | "warning", message: string] {
  if (reason?.startsWith(WENT_BACK)) return ["info", reason];
  const isKnown = reason?.startsWith(failedBeforeText("")) === true;
  const facts = `The bundle with sequence ${sequence} is ${isKnown ? "not tried again" : outcomes[state]}.`;
  const isBad = state === "refused" || state === "rolled-back";
  return [isBad ? "warning" : "info", reason === null ? facts : `${facts} ${reason}`];
}
