import { type ErrorParts, NanoAgentError } from "@nanoagent/models";

export type RemoteEngineErrorCode =
  | "remote-settings-invalid"
  | "network-not-allowed"
  | "remote-model-unknown"
  | "remote-unreachable"
  | "remote-refused"
  | "remote-overloaded"
  | "remote-timeout"
  | "remote-failed"
  | "remote-protocol";

/**
 * Failure of a request to a server. Codes:
 *
 * - `remote-settings-invalid`: the address or the key in the settings is unusable.
 * - `network-not-allowed`: the address is on another machine, which the settings do not allow.
 * - `remote-model-unknown`: the server does not have the configured model, or has several and none is configured.
 * - `remote-unreachable`: the connection failed: nothing is listening, the host is unknown, or the certificate is not
 *   trusted.
 * - `remote-refused`: the server responded with 4xx (`status` and `reason` have the details), or its filter ended the
 *   reply.
 * - `remote-overloaded`: the server kept responding with 429 or 503, or asked for a pause that is too long.
 * - `remote-timeout`: the server did not connect, start or continue in time.
 * - `remote-failed`: the server responded with 5xx, sent an error during a reply, aborted it, or closed the connection.
 * - `remote-protocol`: the response does not follow the API.
 *
 * Server text in an error has at most 300 characters, without control characters and without the key.
 */
export class RemoteEngineError extends NanoAgentError {
  override name = "RemoteEngineError";
  /** HTTP status of the response, or null without one. */
  readonly status: number | null;

  constructor({ status = null, ...parts }: ErrorParts & { code: RemoteEngineErrorCode; status?: number | null }) {
    super(parts);
    this.status = status;
  }

  static protocol(label: string, what: string, cause?: unknown): RemoteEngineError {
    return new RemoteEngineError({
      code: "remote-protocol",
      message: `The server at ${label} ${what}.`,
      hint: "Check that engine.url is the address of llama-server, Ollama, LM Studio, vLLM or another server with an OpenAI-compatible API.",
      cause,
    });
  }
}
