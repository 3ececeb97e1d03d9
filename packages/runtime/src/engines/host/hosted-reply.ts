import type { EngineEvent } from "../engine.js";

/** A reply of a host, read one event at a time. The last event is `end` or `error`. */
export interface HostedReply {
  next(): Promise<EngineEvent>;
  /** Aborts the reply if it has not ended. */
  close(): void;
}
