import { NanoAgentError } from "@nanoagent/models";
import { objectOf } from "../../../json/read-json.js";
import { findServerMessage } from "../../../server-words.js";
import { RemoteEngineError } from "../remote-engine-error.js";
import { showServerText } from "./server-text.js";

const NAME_UNKNOWN = new Set(["ENOTFOUND", "EAI_AGAIN", "EAI_NODATA", "EAI_NONAME"]);
const CONNECTION_LOST = new Set(["ECONNRESET", "EPIPE", "ECONNABORTED", "ERR_STREAM_PREMATURE_CLOSE"]);

/** What Node says of a connection, in words for a person. An error of our own comes back as it is. */
export function explainNetworkFailure(label: string, cause: unknown): NanoAgentError {
  if (NanoAgentError.isInstance(cause)) return cause;
  const { code = "", message = String(cause) } = (cause ?? {}) as NodeJS.ErrnoException;
  if (code.startsWith("HPE_")) {
    const what = code === "HPE_HEADER_OVERFLOW" ? "sent headers of more than 16 KB" : "sent an answer that is no HTTP";
    return RemoteEngineError.protocol(label, what, cause);
  }
  if (/^Z_|^ERR_+(?:ERROR|PADDING|BROTLI)/.test(code)) {
    return RemoteEngineError.protocol(label, "sent its answer compressed in a way that cannot be read", cause);
  }
  if (CONNECTION_LOST.has(code)) {
    return new RemoteEngineError({
      code: "remote-failed",
      message: `The server at ${label} closed the connection before its answer was complete.`,
      hint: "Its own log says why; a server that runs out of memory dies like this.",
      cause,
    });
  }
  const unreachable = (what: string, hint: string) =>
    new RemoteEngineError({ code: "remote-unreachable", message: what, reason: message || code, hint, cause });
  if (code === "ECONNREFUSED") {
    return unreachable(`Nothing is listening at ${label}.`, "Start the server, or correct the port in engine.url.");
  }
  if (NAME_UNKNOWN.has(code)) {
    return unreachable(`There is no machine of the name in ${label}.`, "Correct the name in engine.url.");
  }
  if (/CERT|SIGNATURE|^ERR_(SSL|TLS)|^EPROTO$/.test(code)) {
    return unreachable(
      `There is no trusted connection to ${label}.`,
      "Use http:// for a server without TLS; for one with a certificate of your own, name its authority in NODE_EXTRA_CA_CERTS.",
    );
  }
  return unreachable(`There is no connection to ${label}.`, "Check the network and engine.url.");
}

/** What an answer other than 200 means. `body` is its beginning. */
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
      message: `The server at ${label} sends its callers elsewhere${target}; that is not followed.`,
      hint: "Set engine.url to the address that answers itself.",
    });
  }
  if (status === 429 || status === 503) {
    return new RemoteEngineError({
      code: "remote-overloaded",
      status,
      message: `The server at ${label} has no time for this now (${status}).`,
      reason,
      hint: "Try again later: it may still be loading its model, or have too many callers.",
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
  return RemoteEngineError.protocol(label, `answered with the status ${status}`);
}

/** The same for an error that came inside an answer: the server's own code stands for the status. */
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
    message: `The server at ${label} failed${status === null ? " in the middle of its reply" : ` (${status})`}.`,
    reason,
    hint: "Its own log says more.",
  });
}

function hintForRefusal(status: number, said: string, hasKey: boolean): string {
  if (status === 401 || status === 403) {
    return hasKey
      ? "The key in the environment variable that engine.api_key_env names is not accepted."
      : "Put the server's key into an environment variable and its name into engine.api_key_env.";
  }
  if (status === 404) return "Check engine.url and engine.model.";
  if (/context|n_ctx|num_ctx/i.test(said)) {
    return "Give the server a larger context, or set engine.context to what it has.";
  }
  return "The server's words say what it does not take.";
}
