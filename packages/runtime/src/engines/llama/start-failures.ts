import type { NanoAgentError } from "@nanoagent/models";
import { EngineError } from "../engine-error.js";

/** Explains a crash at startup: a truncated library file ends the process with SIGBUS and without a message. */
export async function explainStart(error: NanoAgentError): Promise<unknown> {
  if (error.code !== "engine-crashed") return error;
  const { explainCrash } = await import("./check-llama-addon.js");
  return explainCrash(error);
}

/** Returns the error for a message that no settings of the model leave memory for. */
export function refused(): EngineError {
  return new EngineError({
    code: "engine-out-of-memory",
    message: "Not enough memory to reply, even with the smallest settings.",
    hint: "Try again later, stop other programs, or choose a smaller model.",
  });
}
