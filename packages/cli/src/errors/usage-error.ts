import { type ErrorParts, NanoAgentError } from "@nanoagent/models";

/** Code `usage`: the command line is wrong. */
export class UsageError extends NanoAgentError {
  override name = "UsageError";

  constructor(parts: Omit<ErrorParts, "code">) {
    super({ ...parts, code: "usage" });
  }
}
