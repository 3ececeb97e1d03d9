const CLOSED = "The server closed the connection too early.";

/** Sentences about failures of a connection, by the system's code. */
const sentences: Readonly<Record<string, string>> = {
  ENOTFOUND: "The name server does not know the host.",
  EAI_AGAIN: "The name server does not answer.",
  ECONNREFUSED: "The server does not accept connections.",
  ECONNRESET: CLOSED,
  EPIPE: CLOSED,
  ETIMEDOUT: "The server did not answer in time.",
  ENETUNREACH: "This device has no route to the server.",
  EHOSTUNREACH: "This device has no route to the server.",
  CERT_HAS_EXPIRED: "The server's certificate is not valid at this time; check the clock of this device.",
  CERT_NOT_YET_VALID: "The server's certificate is not valid at this time; check the clock of this device.",
  ERR_TLS_CERT_ALTNAME_INVALID: "The server's certificate belongs to another host.",
};

/** Describes why a connection failed, in one sentence. */
export function describeFailure(cause: unknown): string {
  // Connections to several addresses of one host fail together.
  const first = cause instanceof AggregateError ? (cause.errors[0] ?? cause) : cause;
  const { code, message } = first as { code?: unknown; message?: unknown };
  if (typeof code !== "string") return typeof message === "string" ? message : String(first);
  return (Object.hasOwn(sentences, code) ? sentences[code] : undefined) ?? `The connection failed (${code}).`;
}
