import { NanoAgentError } from "@nanoagent/models";
import { ErrorAfterAct } from "./error-after-act.js";
import { sentences } from "./sentences.js";
import { ServiceError, type ServiceErrorType } from "./service-error.js";

/** Facts of an error, as the APIs report them. */
export interface ErrorFacts {
  /** HTTP status. */
  readonly status: number;
  readonly type: ServiceErrorType;
  /** The field of the request at fault, or null. */
  readonly param: string | null;
  /** Code in OpenAI's words, such as `context_length_exceeded`, or null. */
  readonly code: string | null;
  /** For people: what happened, why, and what to do. Contains no path, stack or text of a conversation. */
  readonly message: string;
  /** Seconds after which the client should try again, or null if it should not, or need not wait. */
  readonly retrySeconds: number | null;
  /** Whether the same request can succeed later. */
  readonly mayRetry: boolean;
}

type KnownError = Pick<ErrorFacts, "status" | "type"> & Partial<Pick<ErrorFacts, "code" | "retrySeconds" | "mayRetry">>;

const request = (status: number, code: string | null = null): KnownError => ({
  status,
  type: "invalid_request_error",
  code,
});
const server = (status: number, retry: Pick<KnownError, "retrySeconds" | "mayRetry"> = {}): KnownError => ({
  status,
  type: "server_error",
  ...retry,
});

/** Errors whose text may be shown to clients, by code. The text of any other error may contain paths or settings. */
const known: Readonly<Record<string, KnownError>> = {
  "context-exceeded": request(400, "context_length_exceeded"),
  "schema-not-supported": request(400),
  "invalid-message": request(400),
  "invalid-embedding-texts": request(400),
  "invalid-options": request(400),
  "message-too-large": request(413),
  "session-record-too-large": request(413),
  "too-many-messages": { status: 429, type: "rate_limit_error", retrySeconds: 1, mayRetry: true },
  "turn-running": server(409, { retrySeconds: 1, mayRetry: true }),
  // The client has left. Nobody reads this reply; the status is that of access logs.
  aborted: server(499),
  "embeddings-not-supported": server(501),
  "insufficient-memory": server(503),
  "engine-out-of-memory": server(503),
  "not-loaded": server(503, { retrySeconds: 1, mayRetry: true }),
  "engine-closed": server(503, { retrySeconds: 1, mayRetry: true }),
  "remote-overloaded": server(503, { retrySeconds: 5, mayRetry: true }),
  // The next request starts the engine's process again.
  "engine-crashed": server(500, { mayRetry: true }),
  "engine-hung": server(500, { mayRetry: true }),
  "reply-too-large": server(500),
  "reply-not-valid": server(500),
  "reply-only-thought": server(500),
  "too-many-steps": server(500),
  "too-many-tokens": server(500),
  "time-limit": server(500),
  "repeated-calls": server(500),
  "call-not-valid": server(500),
  "call-missing": server(500),
};

/**
 * Errors whose text stays in the log, because it has paths or addresses. The hint for clients is written here, so that it
 * has none of them.
 */
const hidden: Readonly<Record<string, KnownError & { readonly hint?: string }>> = {
  "remote-unreachable": server(503, { retrySeconds: 5, mayRetry: true }),
  "remote-timeout": server(503, { retrySeconds: 5, mayRetry: true }),
  "session-in-use": {
    ...server(503, { retrySeconds: 5, mayRetry: true }),
    hint: "Close the other program that uses this conversation, or begin a new one.",
  },
  "session-closed": server(503, { retrySeconds: 1, mayRetry: true }),
  "session-not-saved": {
    ...server(503),
    hint: "The conversation cannot be written. Let somebody check the disk of the service.",
  },
  "session-unreadable": {
    ...server(500),
    hint: "The conversations cannot be read. Let somebody check the session folder of the service.",
  },
  "session-format-unknown": {
    ...server(500),
    hint: "A newer version of nanoagent wrote this conversation. Begin a new one, or let somebody update the service.",
  },
  "does-not-fit": server(503),
};

function rowOf<Row>(table: Readonly<Record<string, Row>>, code: string): Row | null {
  return Object.hasOwn(table, code) ? (table[code] ?? null) : null;
}

/** Returns the facts of an error of any kind. */
export function errorFacts(error: unknown): ErrorFacts {
  if (!(error instanceof ErrorAfterAct)) return factsOf(error);
  const facts = factsOf(error.cause);
  // The hint of a cause that may be tried again says so.
  if (!facts.mayRetry) return facts;
  return { ...factsOf(error.cause, error.hint), retrySeconds: null, mayRetry: false };
}

/** `hint` replaces that of the error. */
function factsOf(error: unknown, hint: string | null = null): ErrorFacts {
  if (error instanceof ServiceError) {
    const { status, type, param, apiCode: code, retrySeconds } = error;
    const message = describe(error, status, hint);
    return { status, type, param, code, retrySeconds, mayRetry: retrySeconds !== null, message };
  }
  const nothing = { param: null, code: null, retrySeconds: null, mayRetry: false } as const;
  if (NanoAgentError.isInstance(error)) {
    const row = rowOf(known, error.code);
    if (row !== null) return { ...nothing, ...row, message: describe(error, row.status, hint) };
  }
  const code = NanoAgentError.isInstance(error) ? error.code : "unexpected";
  const { hint: ownHint = null, ...row } = rowOf(hidden, code) ?? { ...server(500), hint: undefined };
  const details = "The log of the service has the details.";
  return { ...nothing, ...row, message: sentences([`The agent failed (${code}).`, details, hint ?? ownHint]) };
}

/** The reason for an error of the request is about the request. Other reasons may come from the system. */
function describe(error: NanoAgentError, status: number, hint: string | null): string {
  return sentences([error.message, status < 500 ? error.reason : null, hint ?? error.hint]);
}
