import type { EngineEvent } from "../engine.js";

/** A reply of a host, read event by event. The last one is an `end` or an `error`. */
export interface HostedReply {
  next(): Promise<EngineEvent>;
  /** Ends the reply, wherever it is. */
  close(): void;
}
