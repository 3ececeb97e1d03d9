import { NanoAgentError } from "@nanoagent/models";
import { objectOf } from "../../../json/read-json.js";
import { findServerMessage } from "../../../server-words.js";
import { RemoteEngineError } from "../remote-engine-error.js";
import { showServerText } from "./server-text.js";

const NAME_UNKNOWN = new Set(["ENOTFOUND", "EAI_AGAIN", "EAI_NODATA", "EAI_NONAME"]);
const CONNECTION_LOST = new Set(["ECONNRESET", "EPIPE", "ECONNABORTED", "ERR_STREAM_PREMATURE_CLOSE"]);

/** Converts a network error of Node into a readable error. Returns a `NanoAgentError` unchanged. */
export function explainNetworkFailure(label: string, cause: unknown): NanoAgentError {
  if (NanoAgentError.isInstance(cause)) return cause;
  const { code = "", message = String(cause) } = (cause ?? {}) as NodeJS.ErrnoException;
  if (code.startsWith("HPE_")) {
    const what =
      code === "HPE_HEADER_OVERFLOW" ? "sent headers of more than 16 KB" : "sent a response that is not HTTP";
    return RemoteEngineError.protocol(label, what, cause);
  }
  if (/^Z_|^ERR_+(?:ERROR|PADDING|BROTLI)/.test(code)) {
    return RemoteEngineError.protocol(label, "sent a response that cannot be decompressed", cause);
  }
  if (CONNECTION_LOST.has(code)) {
    return new RemoteEngineError({
      code: "remote-failed",
      message: `The server at ${label} closed the connection before its response was complete.`,
      hint: "Check the server's log. It may have run out of memory.",
      cause,
    });
  }
  const unreachable = (what: string, hint: string) =>
    new RemoteEngineError({ code: "remote-unreachable", message: what, reason: message || code, hint, cause });
  if (code === "ECONNREFUSED") {
    return unreachable(`Nothing is listening at ${label}.`, "Start the server, or correct the port in engine.url.");
  }
  if (NAME_UNKNOWN.has(code)) {
    return unreachable(`The host name in ${label} is unknown.`, "Correct the host name in engine.url.");
  }
  if (/CERT|SIGNATURE|^ERR_(SSL|TLS)|^EPROTO$/.test(code)) {
    return unreachable(
      `Cannot make a trusted connection to ${label}.`,
      "Use http:// for a server without TLS. For a private certificate, set NODE_EXTRA_CA_CERTS to the file of its authority.",
    );
  }
  return unreachable(`Cannot connect to ${label}.`, "Check the network and engine.url.");
}

/** Returns the error for a status other than 200. `body` is the beginning of the response body. */
export function explainStatus(
  label: string,
  { status, body, location }: { status: number; body: string; location: string | undefined },
  apiKey: string | null,
): RemoteEngineError {
  const said = findServerMessage(body);
  const reason = said === null ? undefined : showServerText(said, apiKey) || undefined;
  if (status >= 300 && status < 400) {
    const target = location === undefined ? "" : ` to ${showServerText(location, apiKey)}`;
    return new RemoteEngineError({
      code: "remote-protocol",
      status,
      message: `The server at ${label} redirects${target}. Redirects are not followed.`,
      hint: "Set engine.url to the final address.",
    });
  }
  if (status === 429 || status === 503) {
    return new RemoteEngineError({
      code: "remote-overloaded",
      status,
      message: `The server at ${label} is overloaded or not ready (${status}).`,
      reason,
      hint: "Try again later. The server may be loading its model or have too many requests.",
    });
  }
  if (status >= 400 && status < 500) {
    return new RemoteEngineError({
      code: "remote-refused",
      status,
      message: `The server at ${label} refused the request (${status}).`,
      reason,
      hint: hintForRefusal(status, reason ?? "", apiKey !== null),
    });
  }
  if (status >= 500) return serverFailed(label, reason, status);
  return RemoteEngineError.protocol(label, `responded with status ${status}`);
}

/** Returns the error for an error object inside a response. The server's own code replaces the status. */
export function explainSentError(label: string, error: unknown, apiKey: string | null): RemoteEngineError {
  const body = JSON.stringify({ error });
  const { code: ownCode, status, status_code } = objectOf(error);
  const code = [ownCode, status, status_code].map(Number).find((number) => number >= 400 && number < 600) ?? 0;
  if (code >= 400 && code < 500) return explainStatus(label, { status: code, body, location: undefined }, apiKey);
  const said = findServerMessage(body);
  return serverFailed(label, said === null ? undefined : showServerText(said, apiKey) || undefined, null);
}

function serverFailed(label: string, reason: string | undefined, status: number | null): RemoteEngineError {
  return new RemoteEngineError({
    code: "remote-failed",
    status,
    message: `The server at ${label} failed${status === null ? " during its reply" : ` (${status})`}.`,
    reason,
    hint: "Check the server's log.",
  });
}

function hintForRefusal(status: number, said: string, hasKey: boolean): string {
  if (status === 401 || status === 403) {
    return hasKey
      ? "Check the key in the environment variable that engine.api_key_env names. It was rejected."
      : "Put the server's key into an environment variable and set engine.api_key_env to its name.";
  }
  if (status === 404) return "Check engine.url and engine.model.";
  if (/context|n_ctx|num_ctx/i.test(said)) {
    return "Give the server a larger context, or set engine.context to its context size.";
  }
  return "See the server's message for the cause.";
}
