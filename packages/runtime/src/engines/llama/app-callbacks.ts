import { type FitPlanner, NanoAgentError } from "@nanoagent/models";
import { callWithin } from "../../call-within.js";
import { messageOf } from "../../message-of.js";
import { EngineError } from "../engine-error.js";

/** Timeout for a plan. A planner may read a file header from slow storage. */
export const PLANNER_MILLISECONDS = 60_000;

/**
 * Wraps an app's planner. Every error becomes a `NanoAgentError`: the planner's own, or an `EngineError` with code
 * `engine-failed`, also on a timeout.
 */
export function typedPlanner(planner: FitPlanner): FitPlanner {
  return {
    async planFit(request) {
      try {
        const plan = await callWithin(PLANNER_MILLISECONDS, () => planner.planFit(request));
        if (typeof plan?.ledger?.peak_resident_bytes !== "number") throw new TypeError("the plan has no ledger");
        return plan;
      } catch (error) {
        if (NanoAgentError.isInstance(error)) throw error;
        throw new EngineError({
          code: "engine-failed",
          message: "The planner passed by this program failed.",
          reason: messageOf(error),
          hint: "Fix the planner, or omit it to use the one of @nanoagent/optimizer.",
          cause: error,
        });
      }
    },
  };
}

/** Wraps an app's progress callback. If it throws or rejects, a notice reports that and it is not called again. */
export function safeProgress(
  onLoadProgress: ((share: number) => void) | undefined,
  onNotice: (notice: string) => void,
): ((share: number) => void) | undefined {
  if (onLoadProgress === undefined) return undefined;
  let hasFailed = false;
  const fail = (error: unknown) => {
    hasFailed = true;
    onNotice(`onLoadProgress failed and will not be called again: ${messageOf(error)}.`);
  };
  return (share) => {
    if (hasFailed) return;
    try {
      // An async callback returns a promise, although its result is unused.
      Promise.resolve(onLoadProgress(share)).catch(fail);
    } catch (error) {
      fail(error);
    }
  };
}
