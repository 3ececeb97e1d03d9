/** Failure of the connection to a proxy, before it opened a way to the host. */
export class ProxyFailure extends Error {
  override name = "ProxyFailure";
  /** The system's code of the cause; empty without one. */
  readonly code: string;

  constructor(cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
    this.code = typeof code === "string" ? code : "";
  }
}

/** Answer of a proxy that opens no tunnel. */
export class ProxyRefusal extends Error {
  override name = "ProxyRefusal";
  readonly status: number;

  constructor(status: number) {
    super(`The proxy answers with status ${status}.`);
    this.status = status;
  }
}
