/** Limits on what clients may send and how long they may take. Tests shorten them. */
export interface HttpLimits {
  readonly headerMilliseconds: number;
  readonly bodyBytes: number;
  readonly bodyMilliseconds: number;
  readonly allBodiesBytes: number;
  readonly connections: number;
  readonly idleMilliseconds: number;
  readonly unreadMilliseconds: number;
}

/** Largest header block. A key, a conversation id and the headers of a browser need 2 KB. */
export const MAX_HEADER_BYTES = 16_384;
/** Time for the headers. A client on a poor radio link needs a second; a slow loris needs for ever. */
const HEADER_MILLISECONDS = 10_000;
/** Largest body. A history is at most 4 MB, and none that fits a context comes near. */
const MAX_BODY_BYTES = 4_194_304;
/** Time for the body. 4 MB take 17 s at 2 Mbit/s. */
const BODY_MILLISECONDS = 20_000;
/** Most memory for bodies that are being read, of all connections: eight of the largest. */
const MAX_ALL_BODIES_BYTES = 33_554_432;
/** Most connections. Systems allow a process 1,024 open files by default; connections cost 10 KB each. */
const MAX_CONNECTIONS = 1024;
/** Time that a connection may wait for its next request. Home Assistant's client reuses connections for 15 s. */
const IDLE_MILLISECONDS = 30_000;
/**
 * Time without progress after which a client that does not read its reply is disconnected. Until then its turn holds
 * the engine.
 */
const UNREAD_MILLISECONDS = 30_000;

export const defaultLimits: HttpLimits = {
  headerMilliseconds: HEADER_MILLISECONDS,
  bodyBytes: MAX_BODY_BYTES,
  bodyMilliseconds: BODY_MILLISECONDS,
  allBodiesBytes: MAX_ALL_BODIES_BYTES,
  connections: MAX_CONNECTIONS,
  idleMilliseconds: IDLE_MILLISECONDS,
  unreadMilliseconds: UNREAD_MILLISECONDS,
};
