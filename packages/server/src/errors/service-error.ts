import { type ErrorParts, NanoAgentError } from "@nanoagent/models";

/** Kinds of errors, in OpenAI's words. */
export type ServiceErrorType =
  | "invalid_request_error"
  | "authentication_error"
  | "permission_error"
  | "not_found_error"
  | "rate_limit_error"
  | "server_error";

export type ServiceErrorCode =
  | "request-not-valid"
  | "model-not-served"
  | "route-unknown"
  | "key-missing"
  | "host-refused"
  | "body-refused"
  | "queue-full"
  | "service-stopping"
  | "permission-unknown"
  | "conversation-unknown"
  | "conversation-not-removed"
  | "hook-unknown"
  | "too-many-pages"
  | "listen-failed"
  | "listen-not-permitted"
  | "keys-unreadable"
  | "service-not-found";

/**
 * Errors of the service. Codes:
 *
 * - `request-not-valid`: a field of the request is missing, has the wrong type, or asks for something that the agent
 *   cannot do.
 * - `model-not-served`, `route-unknown`, `permission-unknown`, `conversation-unknown`, `hook-unknown`: nothing has this name.
 * - `conversation-not-removed`: the folder of a conversation cannot be removed.
 * - `too-many-pages`: no further page can be open.
 * - `key-missing`: the key is missing or wrong.
 * - `host-refused`: the Host or Origin header is not one of the service's own or of the config.
 * - `body-refused`: the body is too large, too slow, or compressed.
 * - `queue-full`: too many requests wait for the agent.
 * - `service-stopping`: the service takes no new turns.
 * - `listen-failed`: the address cannot be listened on.
 * - `listen-not-permitted`: the system does not let this user listen on the port, so a later try fails, too.
 * - `keys-unreadable`: the file or the variable of the keys cannot be used.
 * - `service-not-found`: no running service answers.
 */
export class ServiceError extends NanoAgentError {
  override name = "ServiceError";
  /** HTTP status. */
  readonly status: number;
  readonly type: ServiceErrorType;
  /** The field of the request at fault, or null. */
  readonly param: string | null;
  /** Code in OpenAI's words, such as `model_not_found`, or null. */
  readonly apiCode: string | null;
  /** Seconds after which the client should try again, or null if it should not. */
  readonly retrySeconds: number | null;

  constructor({
    status,
    type,
    param = null,
    apiCode = null,
    retrySeconds = null,
    ...parts
  }: ErrorParts & { code: ServiceErrorCode } & Pick<ServiceError, "status" | "type"> &
    Partial<Pick<ServiceError, "param" | "apiCode" | "retrySeconds">>) {
    super(parts);
    this.status = status;
    this.type = type;
    this.param = param;
    this.apiCode = apiCode;
    this.retrySeconds = retrySeconds;
  }

  /** Error for a field of the request. */
  static invalid(param: string | null, message: string, hint?: string): ServiceError {
    return new ServiceError({
      code: "request-not-valid",
      message,
      hint,
      status: 400,
      type: "invalid_request_error",
      param,
    });
  }
}
