import { NanoRuntimeError } from "../../nano-runtime-error.js";

export function contextExceeded(tokens: number, contextTokens: number): NanoRuntimeError {
  return new NanoRuntimeError({
    code: "context-exceeded",
    message: `The conversation has ${tokens} tokens, which exceeds the context of ${contextTokens}.`,
    hint: "Send a shorter message, or load the model with a larger context.",
  });
}
