import { NanoAgentError } from "@nanoagent/models";

/**
 * Error of a turn in which a tool of the agent had begun, with the code of its cause. Clients must not repeat the request
 * on their own: the tool would act twice.
 */
export class ErrorAfterAct extends NanoAgentError {
  override name = "ErrorAfterAct";
  override readonly cause: NanoAgentError;
  override readonly hint = "A tool was already called. Check what it did before you send the request again.";

  constructor(cause: NanoAgentError) {
    super({ code: cause.code, message: cause.message, reason: cause.reason ?? undefined, cause });
    this.cause = cause;
  }
}
