import { NanoAgentError } from "@nanoagent/models";

/** An error as a line of a socket has it. */
export interface SocketFailure {
  readonly code: string;
  readonly message: string;
  readonly reason: string | null;
  readonly hint: string | null;
}

/** Returns the parts of an error that another program shows. */
export function socketFailure(error: unknown): SocketFailure {
  if (!NanoAgentError.isInstance(error)) {
    const message = error instanceof Error ? error.message : String(error);
    return { code: "unexpected", message, reason: null, hint: null };
  }
  const { code, message, reason, hint } = error;
  return { code, message, reason, hint };
}
