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
 * What a server could not do, or was not asked to. Codes:
 *
 * - `remote-settings-invalid`: the address or the key in the settings cannot be used.
 * - `network-not-allowed`: the address is not this machine, and the settings do not allow another.
 * - `remote-model-unknown`: the server does not have the model that is named, or has several and none is named.
 * - `remote-unreachable`: no connection: nothing listens, no such name, no route, no trust.
 * - `remote-refused`: the server answered with a 4xx; `status` and the server's words say which. Or its filter ended
 *   the reply.
 * - `remote-overloaded`: it went on answering 429 or 503, or asks for a longer pause than is waited.
 * - `remote-timeout`: it did not connect, begin or go on in time.
 * - `remote-failed`: it answered with a 5xx, sent an error in the middle of a reply, gave it up, or closed the
 *   connection.
 * - `remote-protocol`: what it sent is not what such a server sends.
 *
 * What a server said is part of the message in at most 300 characters, without control characters and without the key.
 */
export class RemoteEngineError extends NanoAgentError {
  override name = "RemoteEngineError";
  /** The HTTP status that the server answered with, where it answered. */
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
