import { type FitPlanner, NanoAgentError } from "@nanoagent/models";
import { callWithin } from "../../call-within.js";
import { messageOf } from "../../message-of.js";
import { EngineError } from "../engine-error.js";

/** Longest wait for a plan. A planner reads a file's header, from slow storage perhaps. */
export const PLANNER_MILLISECONDS = 60_000;

/**
 * Wraps a planner of the app's. Whatever it throws becomes a `NanoAgentError`: its own, or an `EngineError` with code
 * `engine-failed`. So does a planner that does not answer.
 */
export function typedPlanner(planner: FitPlanner): FitPlanner {
  return {
    async planFit(request) {
      try {
        const plan = await callWithin(PLANNER_MILLISECONDS, () => planner.planFit(request));
        if (typeof plan?.ledger?.peak_resident_bytes !== "number") throw new TypeError("its plan has no ledger");
        return plan;
      } catch (error) {
        if (NanoAgentError.isInstance(error)) throw error;
        throw new EngineError({
          code: "engine-failed",
          message: "The planner that this program passed in failed.",
          reason: messageOf(error),
          hint: "Mend the planner, or leave it out: @nanoagent/optimizer has one.",
          cause: error,
        });
      }
    },
  };
}

/** Wraps a progress callback of the app's. When it throws or rejects, a notice says so and it is not called again. */
export function safeProgress(
  onLoadProgress: ((share: number) => void) | undefined,
  onNotice: (notice: string) => void,
): ((share: number) => void) | undefined {
  if (onLoadProgress === undefined) return undefined;
  let hasFailed = false;
  const fail = (error: unknown) => {
    hasFailed = true;
    onNotice(`onLoadProgress failed and is not called again: ${messageOf(error)}.`);
  };
  return (share) => {
    if (hasFailed) return;
    try {
      // An async function returns a promise, though its result is not used.
      Promise.resolve(onLoadProgress(share)).catch(fail);
    } catch (error) {
      fail(error);
    }
  };
}
