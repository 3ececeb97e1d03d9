/** Takes the requests of one hook. */
export interface HookDoor {
  /** Most bytes of a body. */
  readonly maxBytes: number;
  /** Checks a request and keeps its event. Never rejects. */
  receive(request: HookRequest): Promise<HookReply>;
}

export interface HookRequest {
  /** Value of a header by its lower-case name, or null. */
  readonly header: (name: string) => string | null;
  readonly body: Uint8Array;
}

export interface HookReply {
  readonly status: number;
  /** Sent as JSON. */
  readonly body: object;
  /** Seconds after which the sender may try again. */
  readonly retryAfterSeconds?: number | undefined;
}
