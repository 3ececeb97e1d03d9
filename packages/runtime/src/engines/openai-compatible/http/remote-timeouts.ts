/** Timeouts for requests to a server, in milliseconds. */
export interface RemoteTimeouts {
  /** Until the connection is established. Default: 10 seconds. */
  connectMilliseconds: number;
  /** For the whole response to a small request, such as the list of models or the context size. Default: 10 seconds. */
  questionMilliseconds: number;
  /**
   * Until the first piece of a reply, not counting keep-alives. The server may have to load the model and read a long
   * prompt first. Default: 10 minutes, in which a small computer reads a few thousand tokens.
   */
  firstPieceMilliseconds: number;
  /**
   * Between two pieces of a reply. Eight pieces in a row may take at most twice this time together, so that a trickle
   * also ends. Default: 1 minute, in which the slowest computer measured writes twenty tokens.
   */
  nextPieceMilliseconds: number;
  /** Before the first retry; doubles with every retry. Default: 250 ms. */
  retryMilliseconds: number;
}

export const defaultRemoteTimeouts: RemoteTimeouts = {
  connectMilliseconds: 10_000,
  questionMilliseconds: 10_000,
  firstPieceMilliseconds: 600_000,
  nextPieceMilliseconds: 60_000,
  retryMilliseconds: 250,
};
